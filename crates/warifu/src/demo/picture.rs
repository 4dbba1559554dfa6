//! Reading a code from a picture file, as a till's camera does.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::Failure;

/// What the barcode or QR code in a PNG file says.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path)?));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().ok_or("the picture is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    if frame.color_type != png::ColorType::Grayscale {
        return Err("the picture is not in shades of grey".into());
    }
    let luma = pixels.into_iter().take(frame.buffer_size()).collect();
    let found = rxing::helpers::detect_in_luma(luma, frame.width, frame.height, None)
        .map_err(|error| format!("no code can be read from {}: {error}", path.display()))?;
    Ok(found.getText().to_owned())
}
