//! Files of a review: pictures, documents, tables. What a picture says about whoever took it, where and when, is taken out.

use img_parts::png::Png;
use warifu_core::id::FileId;
use warifu_core::review::{File, Kind, check_may_write};
use warifu_store::KeptFile;

use super::item::{Written, body_text, record};
use super::{ReviewFault, SeatKey, or_say, sitter, sitter_and_review};
use crate::board::Board;
use crate::fault::Fault;
use crate::random;

/// Most bytes in a file.
pub const FILE_SIZE_MAX: usize = 5 * 1_024 * 1_024;
/// Most bytes in the files of a review.
pub(super) const FILES_SIZE_MAX: i64 = 50 * 1_024 * 1_024;
/// What files a review takes.
const FILE_TYPES: [&str; 5] = ["image/png", "image/jpeg", "application/pdf", "text/plain", "text/csv"];

impl Board {
    /// Keeps a file, and lists it among the items of the review.
    ///
    /// # Errors
    /// [`ReviewFault::FileType`] if it is not what it says, [`ReviewFault::TooLarge`], or why nothing may be written.
    pub async fn add_file(
        &self,
        key: &SeatKey,
        name: &str,
        media_type: &str,
        content: &[u8],
    ) -> Result<(FileId, Written), ReviewFault> {
        if content.len() > FILE_SIZE_MAX {
            return Err(ReviewFault::TooLarge);
        }
        let media_type = *FILE_TYPES.iter().find(|it| **it == media_type).ok_or(ReviewFault::FileType)?;
        let content = cleaned(media_type, content).ok_or(ReviewFault::FileType)?;
        let file = File {
            name: name.trim().to_owned(),
            media_type: media_type.to_owned(),
            size: u64::try_from(content.len()).unwrap_or(u64::MAX),
        };
        file.check()?;
        let (key, now) = (key.clone(), self.clock.now());
        // Of the epoch, for when somebody brought it is nobody's business.
        let id = FileId::generate(warifu_core::time::Time::EPOCH, random::bytes()?);
        let kept = KeptFile { id, media_type: media_type.to_owned(), content };
        let added = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, mut review) = or_say!(sitter_and_review(transaction, &key).await?);
                or_say!(check_may_write(sitter.seat.role, review.is_complete));
                let size = i64::try_from(kept.content.len()).unwrap_or(i64::MAX);
                if review.items >= i64::try_from(warifu_core::review::ITEMS_MAX).unwrap_or(i64::MAX) {
                    return Ok(Err(ReviewFault::TooLarge));
                }
                if transaction.sum_files(review.id).await?.saturating_add(size) > FILES_SIZE_MAX {
                    return Ok(Err(ReviewFault::TooLarge));
                }
                transaction.create_file(review.id, &kept).await?;
                let body = body_text(&warifu_core::review::Body::File(file));
                record(transaction, &mut review, (Kind::File.text(), &id.to_string()), 1, Some(body), now).await?;
                transaction.save_review(&review).await?;
                Ok(Ok(Written { version: 1, number: review.change_number }))
            })
        });
        let written = added.await?;
        self.live.nudge();
        Ok((id, written))
    }

    /// A file of the review.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if it is none, or was erased.
    pub async fn file(&self, key: &SeatKey, id: FileId) -> Result<KeptFile, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.find_file(sitter.seat.review, id).await.map(Ok)
            })
        });
        Ok(found.await?.ok_or(Fault::NotFound("file with this id in this review"))?)
    }

    /// Erases a file for good; that there was one stays in the history.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if it is none, or was erased before; or why nothing may be written.
    pub async fn erase_file(&self, key: &SeatKey, id: FileId) -> Result<Written, ReviewFault> {
        let (key, now) = (key.clone(), self.clock.now());
        let erased = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, mut review) = or_say!(sitter_and_review(transaction, &key).await?);
                or_say!(check_may_write(sitter.seat.role, review.is_complete));
                let item = id.to_string();
                let kept = transaction.find_item(review.id, Kind::File.text(), &item).await?;
                let Some(kept) = kept.filter(|kept| kept.body.is_some()) else {
                    return Ok(Err(Fault::NotFound("file with this id in this review").into()));
                };
                transaction.delete_file(review.id, id).await?;
                let version = kept.version.saturating_add(1);
                record(transaction, &mut review, (Kind::File.text(), &item), version, None, now).await?;
                transaction.save_review(&review).await?;
                Ok(Ok(Written { version, number: review.change_number }))
            })
        });
        let written = erased.await?;
        self.live.nudge();
        Ok(written)
    }
}

/// A file as it is kept, if it is what it says.
pub(super) fn cleaned(media_type: &str, content: &[u8]) -> Option<Vec<u8>> {
    match media_type {
        "image/png" => {
            let mut png = Png::from_bytes(content.to_vec().into()).ok()?;
            // Only what draws the picture: no texts, no time, no camera.
            let draws = [*b"IHDR", *b"PLTE", *b"tRNS", *b"IDAT", *b"IEND", *b"gAMA", *b"sRGB", *b"cHRM", *b"pHYs"];
            png.chunks_mut().retain(|chunk| draws.contains(&chunk.kind()));
            Some(png.encoder().bytes().to_vec())
        }
        "image/jpeg" => jpeg(content),
        "application/pdf" => content.starts_with(b"%PDF-").then(|| content.to_vec()),
        "text/plain" | "text/csv" => {
            std::str::from_utf8(content).is_ok_and(|text| !text.contains('\0')).then(|| content.to_vec())
        }
        _ => None,
    }
}

/// A JPEG (ITU-T T.81) of only what draws the picture: without marks of applications and comments, which hold places, times and names, but
/// that of JFIF and Adobe's colours; and without whatever stands behind its end.
fn jpeg(content: &[u8]) -> Option<Vec<u8>> {
    let mut rest = content.strip_prefix(&[0xff, 0xd8])?;
    let mut out = vec![0xff, 0xd8];
    loop {
        let (&marker, after) = rest.strip_prefix(&[0xff])?.split_first()?;
        rest = after;
        match marker {
            // Fills up.
            0xff => rest = content.get(content.len() - rest.len() - 1..)?,
            0xd9 => {
                out.extend([0xff, 0xd9]);
                return Some(out);
            }
            0x01 | 0xd0..=0xd7 => out.extend([0xff, marker]),
            _ => {
                let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
                let (segment, after) = rest.split_at_checked(length.max(2))?;
                let tells = matches!(marker, 0xe1..=0xed | 0xef | 0xfe);
                if !tells {
                    out.extend([0xff, marker]);
                    out.extend(segment);
                }
                rest = after;
                if marker == 0xda {
                    // The picture itself, until the next marker that is none of its own.
                    let ends = |pair: &[u8]| matches!(pair, [0xff, it] if !matches!(it, 0x00 | 0xd0..=0xd7));
                    let end = rest.windows(2).position(ends)?;
                    out.extend(rest.get(..end)?);
                    rest = rest.get(end..)?;
                }
            }
        }
    }
}
