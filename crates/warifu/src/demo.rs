//! The demonstration: a shop with two tills, two members, and the main job from end to end over HTTP, told as a receipt.
//!
//! Nothing is faked. The server is the real one, the tills and phones are HTTP clients, and each code is read back from the
//! picture file that a phone would show.

mod actors;
mod picture;
mod receipt;
mod story;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use warifu_app::App;
use warifu_core::chart;
use warifu_core::place::{Book, Channel};
use warifu_core::review::Role;
use warifu_web::{Limits, Web, router, serve};

use crate::Failure;
use crate::cli::{DemoOptions, Language};
use crate::config::{Config, Flags, trial_origin};
use crate::demo::actors::{Phone, Till};
use crate::demo::receipt::{Links, Receipt};
use crate::serve::{open, until_signal};

/// The issuer of the demonstration, unless another is configured.
const PREFIX: &str = "90000123";

/// Runs the demonstration.
pub(crate) async fn run(flags: &Flags, options: DemoOptions) -> Result<(), Failure> {
    std::fs::create_dir_all(&options.dir).map_err(|error| format!("{}: {error}", options.dir.display()))?;
    let mut config = Config::read(&in_folder(flags, &options.dir))?;
    let listener = listen(flags, &config.listen).await?;
    if flags.public_origin.is_none() {
        config.public_origin = trial_origin(&listener.local_addr()?.to_string());
    }
    let app = open(&config).await?;
    let metrics = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let web = Web::new(Arc::clone(&app), Limits { requests_per_second: None }).playing_notes();
    let web = web.surrounded_by(config.surroundings());

    let mut receipt = Receipt::new(language(options.language));
    let place = Place { app: &app, dir: &options.dir, address, database: config.database.to_string() };
    if options.once {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router(web), async move {
            let _ = stopped.await;
        }));
        let told = story::tell(&place, &mut receipt).await;
        let _ = stop.send(());
        server.await??;
        app.drain().await;
        return told;
    }
    let serving = tokio::spawn(until_signal(Arc::clone(&app), web, listener, Some(metrics)));
    // The server may end first: by a signal, or because it cannot serve.
    let told = story::tell(&place, &mut receipt).await;
    if let Err(failure) = told {
        serving.abort();
        return Err(failure);
    }
    let links = Links { counters: counter_links(&app).await?, sample: sample_link(&app, receipt.language).await? };
    receipt.invite(address, &config.public_origin, &links, &options.dir);
    serving.await?
}

/// Where the demonstration takes place.
pub(super) struct Place<'a> {
    app: &'a App,
    dir: &'a Path,
    address: SocketAddr,
    database: String,
}

/// The flags, with what is not set put into the folder of the demonstration.
fn in_folder(flags: &Flags, dir: &Path) -> Flags {
    let path = |name: &str| dir.join(name).display().to_string();
    let mut flags = flags.clone();
    flags.database.get_or_insert_with(|| format!("sqlite:{}", path("warifu.db")));
    flags.keys.get_or_insert_with(|| path("warifu.keys"));
    flags.issuer_prefix.get_or_insert_with(|| PREFIX.to_owned());
    flags.reviews_begun_by.get_or_insert_with(|| "anyone".to_owned());
    flags.log.get_or_insert_with(|| "warn".to_owned());
    flags
}

/// Listens where it was asked to; if nobody asked and the usual port is taken, on any free one.
async fn listen(flags: &Flags, address: &str) -> Result<TcpListener, Failure> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(_) if flags.listen.is_none() => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?),
        Err(error) => Err(format!("cannot listen on {address}: {error}").into()),
    }
}

/// The language that was asked for, else that of the environment.
pub(crate) fn language(asked: Option<Language>) -> Language {
    asked.unwrap_or_else(|| {
        let variables = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let set = variables.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        if set.is_some_and(|value| value.starts_with("ja")) { Language::Ja } else { Language::En }
    })
}

/// The people and tills of the demonstration.
struct Cast {
    shop: String,
    tills: [Till; 2],
    phones: [Phone; 2],
}

/// Opens the shop and writes its tokens to a file that only its owner can read.
async fn open_shop(place: &Place<'_>, language: Language) -> Result<Cast, Failure> {
    let (merchant, shop) = match language {
        Language::En => ("Warifu Stores", "Warifu Stores, Hommachi"),
        Language::Ja => ("割符商店", "割符商店 本町店"),
    };
    let app = place.app;
    let merchant = app.add_merchant(merchant).await?;
    let shop = app.add_shop(merchant.id, shop).await?;
    let add = |name| app.add_terminal(shop.id, name, Channel::Till, Book::Real);
    let tills = [add("Till 1").await?, add("Till 2").await?];
    let members = [app.add_member().await?, app.add_member().await?];
    let (phones, mut tokens) = (members.map(|member| member.handset), String::new());
    for (name, token) in ["TILL_1", "TILL_2"].into_iter().zip(tills.iter().map(|till| &till.token)) {
        tokens.push_str(&format!("{name}={}\n", token.expose_secret()));
    }
    for (name, phone) in ["PHONE_1", "PHONE_2"].into_iter().zip(&phones) {
        tokens.push_str(&format!("{name}={}\n", phone.text().expose_secret()));
    }
    write_private(&place.dir.join("tokens.env"), &tokens)?;
    let base = format!("http://{}", place.address);
    Ok(Cast {
        shop: shop.name,
        tills: tills.map(|till| Till::new(&base, till.token)),
        phones: phones.map(|phone| Phone::new(&base, phone)),
    })
}

/// Links by which a browser becomes a till, an ATM and a till for trials.
async fn counter_links(app: &App) -> Result<[SecretString; 3], Failure> {
    let merchant = app.add_merchant("Warifu Stores").await?;
    let shop = app.add_shop(merchant.id, "割符商店 駅前店").await?;
    let link = async |name, channel, book| {
        let added = app.add_terminal(shop.id, name, channel, book).await?;
        app.make_terminal_link(added.terminal.id).await.map(|made| made.link)
    };
    Ok([
        link("Till", Channel::Till, Book::Real).await?,
        link("ATM", Channel::Atm, Book::Real).await?,
        link("Sandbox", Channel::Till, Book::Sandbox).await?,
    ])
}

/// A link by which a browser leads a review that is the sample: the case that Warifu was made for.
async fn sample_link(app: &App, language: Language) -> Result<SecretString, Failure> {
    let language = match language {
        Language::En => chart::Language::English,
        Language::Ja => chart::Language::Japanese,
    };
    let board = app.board();
    let review = board.add_sample(language).await?;
    Ok(board.invite_to(review, Role::Facilitator, 1).await?.link)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    // Made anew, so that an older file's permissions do not stay.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
