//! Codes as scanners read them off a screen, each by itself.

use std::path::Path;

use warifu_testkit::Page;

/// What scanners read of a picture on the screen.
pub(crate) async fn read_code(page: &Page, id: &str, format: rxing::BarcodeFormat, path: &Path) -> String {
    page.wait_until(&format!(
        "document.getElementById('{id}').complete && document.getElementById('{id}').naturalWidth > 0"
    ))
    .await;
    page.run(&format!("document.getElementById('{id}').scrollIntoView({{ block: 'center' }})")).await;
    page.screenshot(path).await;
    let (x, y, width, height): (f64, f64, f64, f64) = page
        .evaluate(&format!(
            "(() => {{ const box = document.getElementById('{id}').getBoundingClientRect(); \
             return [box.x, box.y, box.width, box.height].map((it) => it * devicePixelRatio); }})()"
        ))
        .await;
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let [x, y, width, height] = [x, y, width, height].map(|it| it.max(0.0) as usize);
    let grey: Vec<u8> = (y..y + height)
        .flat_map(|row| (x..x + width).map(move |column| (row, column)))
        .map(|(row, column)| pixels[(row * info.width as usize + column) * samples + 1])
        .collect();
    let (width, height) = (u32::try_from(width).unwrap(), u32::try_from(height).unwrap());
    rxing::helpers::detect_in_luma(grey, width, height, Some(format))
        .unwrap_or_else(|error| panic!("{id} on {}: {error}", path.display()))
        .getText()
        .to_owned()
}
