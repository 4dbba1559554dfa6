//! Two scanners that read what Warifu draws and share no code with the drawing or with each other: the `rxing` library and
//! the `zbarimg` program.

use std::io::{Cursor, ErrorKind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rxing::BarcodeFormat;

/// A picture as a scanner sees it: 8-bit grey, row after row.
pub(crate) struct Scan {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) grey: Vec<u8>,
}

impl Scan {
    pub(crate) fn of_png(file: &[u8]) -> Scan {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut grey).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::Eight));
        let side = |px: u32| usize::try_from(px).unwrap();
        Scan { width: side(info.width), height: side(info.height), grey }
    }

    /// Paints what the SVG's path says, three pixels a unit, knowing no more of SVG than it needs.
    pub(crate) fn of_svg(svg: &str) -> Scan {
        const SCALE: usize = 3;
        let (width, height) = view_box(svg);
        let (width, height) = (width * SCALE, height * SCALE);
        let mut grey = vec![0xFF; width * height];
        for bar in rectangles(svg) {
            for y in bar.y * SCALE..(bar.y + bar.height) * SCALE {
                let left = y * width + bar.x * SCALE;
                grey[left..left + bar.width * SCALE].fill(0x00);
            }
        }
        Scan { width, height, grey }
    }

    pub(crate) fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let side = |px: usize| u32::try_from(px).unwrap();
        let mut encoder = png::Encoder::new(&mut file, side(self.width), side(self.height));
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(&self.grey).unwrap();
        file
    }
}

/// The value of an attribute, the first of that name in the text.
pub(crate) fn attribute<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, after) = text.split_once(&format!(" {name}=\"")).expect(name);
    after.split_once('"').unwrap().0
}

pub(crate) fn view_box(svg: &str) -> (usize, usize) {
    let numbers: Vec<usize> = attribute(svg, "viewBox").split(' ').map(|number| number.parse().unwrap()).collect();
    assert_eq!((numbers.len(), numbers[0], numbers[1]), (4, 0, 0));
    (numbers[2], numbers[3])
}

struct Rectangle {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// The rectangles `M{x} {y}h{width}v{height}h-{width}z` of the only path; anything else fails.
fn rectangles(svg: &str) -> Vec<Rectangle> {
    let (_, path) = svg.split_once("<path").unwrap();
    assert!(!path.contains("<path"), "one path");
    let rectangles = attribute(path, "d").strip_suffix('z').unwrap().split('z');
    rectangles
        .map(|rectangle| {
            let (x, rest) = rectangle.strip_prefix('M').unwrap().split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (width, rest) = rest.split_once('v').unwrap();
            let (height, back) = rest.split_once("h-").unwrap();
            assert_eq!(width, back, "the rectangle closes: {rectangle}");
            let [x, y, width, height] = [x, y, width, height].map(|number| number.parse().unwrap());
            Rectangle { x, y, width, height }
        })
        .collect()
}

/// What `rxing` reads, told nothing of what to look for.
pub(crate) fn read_by_rxing(scan: &Scan) -> (BarcodeFormat, String) {
    let side = |px: usize| u32::try_from(px).unwrap();
    let (width, height) = (side(scan.width), side(scan.height));
    let read = rxing::helpers::detect_in_luma(scan.grey.clone(), width, height, None).expect("rxing");
    (*read.getBarcodeFormat(), read.getText().to_owned())
}

/// A file that is gone when the test is done, failed or not.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn with(content: &[u8]) -> TemporaryFile {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("warifu-picture-{}-{number}.png", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        TemporaryFile(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// All that `zbarimg` reads, a line for each symbol, told nothing of what to look for.
pub(crate) fn read_by_zbar(png: &[u8]) -> String {
    let file = TemporaryFile::with(png);
    let run = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(&file.0).output();
    let output = match run {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test reads pictures with zbarimg: install the package zbar-tools")
        }
        Err(error) => panic!("zbarimg: {error}"),
    };
    assert!(output.status.success(), "zbarimg: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn check_read_by_both(scan: &Scan, png: &[u8], format: BarcodeFormat, content: &str) {
    assert_eq!(read_by_rxing(scan), (format, content.to_owned()));
    assert_eq!(read_by_zbar(png), format!("{content}\n"));
}
