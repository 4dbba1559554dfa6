//! Writes sheets as PDF: marks, links, the outline, and the parts in their order for those who hear the document. Knows the crate that writes
//! PDF; it must not know what a review is.

use std::num::NonZeroU16;

use krilla::SerializeSettings;
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::destination::XyzDestination;
use krilla::geom::{PathBuilder, Point, Rect, Size};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla_svg::{SurfaceExt as _, SvgSettings};

use super::super::{Document, blocks, shortened};
use super::Unprintable;
use super::flow::{Area, Child, Edge, Entry, Flow, Goal, Mark, Part, Place, Role, Sheet};
use super::fonts::{ASCENT, Fonts};
use super::look::{AI, Colour, INK, LINE, RUNNING, SHU, SIDE, Style};

/// The document as PDF.
pub(super) fn draw(document: &Document<'_>, flow: Flow<'_>, fonts: &Fonts) -> Result<Vec<u8>, Unprintable> {
    let mut pdf = krilla::Document::new_with(SerializeSettings::default());
    let title = shortened(&super::lines::clean(&blocks::title(document)), 200);
    let mut pen = Pen { fonts, marks: vec![None; flow.mark_count], links: vec![None; flow.link_count] };
    let count = flow.sheets.len();
    for (number, sheet) in flow.sheets.iter().enumerate() {
        let (width, height) = sheet.size;
        let settings = PageSettings::from_wh(width, height).ok_or_else(|| Unprintable("no size".to_owned()))?;
        let mut page = pdf.start_page_with(settings);
        let mut surface = page.surface();
        if number > 0 {
            pen.running_head(&mut surface, document, sheet);
        }
        pen.foot(&mut surface, sheet, number + 1, count);
        for (mark, put) in &sheet.marks {
            pen.mark(&mut surface, &flow, *mark, put.part.is_some(), &put.mark);
        }
        surface.finish();
        for (link, at, goal) in &sheet.links {
            if let Some(annotation) = annotation(*at, goal) {
                let identifier = page.add_tagged_annotation(annotation);
                if let Some(slot) = pen.links.get_mut(*link) {
                    *slot = Some(identifier);
                }
            }
        }
        page.finish();
    }
    pdf.set_outline(outline(&flow.entries));
    pdf.set_metadata(Metadata::new().title(title).language(document.tag().to_owned()).creator("Warifu".to_owned()));
    pdf.set_tag_tree(pen.tags(&flow, document.tag()));
    pdf.finish().map_err(|error| Unprintable(format!("{error:?}")))
}

/// What draws, and what it drew by the numbers of marks and links.
struct Pen<'f> {
    fonts: &'f Fonts,
    marks: Vec<Option<Vec<Identifier>>>,
    links: Vec<Option<Identifier>>,
}

impl Pen<'_> {
    fn running_head(&self, surface: &mut Surface<'_>, document: &Document<'_>, sheet: &Sheet) {
        surface.start_tagged(ContentTag::Artifact(ArtifactType::Header));
        let (width, y) = (sheet.size.0 - 2.0 * SIDE, 44.0);
        let kind = document.word("review");
        let kind_wide = self.wide(kind);
        let name = self.cut(&super::lines::clean(document.name()).replace('\n', " "), width - kind_wide - 24.0);
        self.letters(surface, &name, RUNNING, (SIDE, y), None);
        self.letters(surface, kind, RUNNING, (SIDE + width - kind_wide, y), None);
        area(surface, Area { x: SIDE, y: y + 6.0, width, height: 0.6 }, LINE);
        surface.end_tagged();
    }

    fn foot(&self, surface: &mut Surface<'_>, sheet: &Sheet, number: usize, count: usize) {
        surface.start_tagged(ContentTag::Artifact(ArtifactType::Footer));
        let text = format!("{number} / {count}");
        let x = (sheet.size.0 - self.wide(&text)) / 2.0;
        self.letters(surface, &text, RUNNING, (x, sheet.size.1 - 36.0), None);
        surface.end_tagged();
    }

    fn wide(&self, text: &str) -> f32 {
        self.fonts.weight(false).width(text, RUNNING.size)
    }

    /// As much of a text as there is room for, with an ellipsis if that is not all.
    fn cut(&self, text: &str, width: f32) -> String {
        let (mut cut, mut sum) = (String::new(), 0.0);
        for character in text.chars() {
            let wide = self.fonts.weight(false).wide(character) * RUNNING.size;
            if sum + wide > width - RUNNING.size {
                cut.push('…');
                break;
            }
            sum += wide;
            cut.push(character);
        }
        cut
    }

    fn mark(&mut self, surface: &mut Surface<'_>, flow: &Flow<'_>, number: usize, is_said: bool, mark: &Mark) {
        if let Mark::Text { x, foot, style, text } = mark {
            let mut identifiers = is_said.then(Vec::new);
            if !is_said {
                surface.start_tagged(ContentTag::Artifact(ArtifactType::Other));
            }
            self.letters(surface, text, *style, (*x, *foot), identifiers.as_mut());
            if !is_said {
                surface.end_tagged();
            }
            if let Some(slot) = self.marks.get_mut(number) {
                *slot = identifiers;
            }
            return;
        }
        let tag = if is_said { ContentTag::Other } else { ContentTag::Artifact(ArtifactType::Other) };
        let identifier = surface.start_tagged(tag);
        match mark {
            Mark::Text { .. } => {}
            Mark::Box { at, fill, edge, round } => boxed(surface, *at, *fill, *edge, *round),
            Mark::Picture { at, number } => {
                let size = Size::from_wh(at.width, at.height);
                if let Some((tree, size)) = flow.pictures.get(*number).zip(size) {
                    surface.push_transform(&krilla::geom::Transform::from_translate(at.x, at.y));
                    let _ = surface.draw_svg(tree, size, SvgSettings::default());
                    surface.pop();
                }
            }
            Mark::Tally { x, y } => tally(surface, *x, *y),
        }
        surface.end_tagged();
        if let Some(slot) = self.marks.get_mut(number).filter(|_| is_said) {
            *slot = Some(vec![identifier]);
        }
    }

    /// Letters in one line. With `identifiers` each run of them is said, and what the font has not got is said as what it is.
    fn letters(
        &self,
        surface: &mut Surface<'_>,
        text: &str,
        style: Style,
        (mut x, foot): (f32, f32),
        mut identifiers: Option<&mut Vec<Identifier>>,
    ) {
        let weight = self.fonts.weight(style.is_bold);
        surface.set_stroke(None);
        surface.set_fill(Some(fill(style.colour)));
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let known = rest.find(|it| weight.glyph(it).is_none()).unwrap_or(rest.len());
            let (run, later) = rest.split_at(if known == 0 { first.len_utf8() } else { known });
            let tag = if known == 0 { SpanTag::empty().with_actual_text(Some(run)) } else { SpanTag::empty() };
            if let Some(identifiers) = &mut identifiers {
                identifiers.push(surface.start_tagged(ContentTag::Span(tag)));
            }
            if known == 0 {
                self.missing(surface, first, style, (x, foot));
                x += style.size;
            } else {
                let glyphs: Vec<_> = run
                    .char_indices()
                    .filter_map(|(at, character)| {
                        let (glyph, wide) = weight.glyph(character)?;
                        let range = at..at + character.len_utf8();
                        Some(KrillaGlyph::new(GlyphId::new(glyph.into()), wide, 0.0, 0.0, 0.0, range, None))
                    })
                    .collect();
                let start = Point::from_xy(x, foot);
                surface.draw_glyphs(start, &glyphs, weight.font.clone(), run, style.size, false);
                x += weight.width(run, style.size);
            }
            if identifiers.is_some() {
                surface.end_tagged();
            }
            rest = later;
        }
    }

    /// A character that the font has not got: its number in a box.
    fn missing(&self, surface: &mut Surface<'_>, character: char, style: Style, (x, foot): (f32, f32)) {
        let em = style.size;
        let top = foot - ASCENT * em;
        let at = Area { x: x + 0.06 * em, y: top + 0.06 * em, width: 0.88 * em, height: 0.88 * em };
        boxed(surface, at, None, Some(Edge { colour: style.colour, is_dashed: false }), 0.0);
        surface.set_stroke(None);
        surface.set_fill(Some(fill(style.colour)));
        let number = u32::from(character);
        let digits = if number > 0xffff { format!("{number:06X}") } else { format!("{number:04X}") };
        let (upper, lower) = digits.split_at(digits.len() / 2);
        let size = em * if digits.len() > 4 { 0.4 } else { 0.46 };
        let weight = self.fonts.weight(false);
        for (row, foot) in [(upper, top + 0.46 * em), (lower, top + 0.86 * em)] {
            let left = x + (em - weight.width(row, size)) / 2.0;
            let glyphs: Vec<_> = row
                .char_indices()
                .filter_map(|(at, digit)| {
                    let (glyph, wide) = weight.glyph(digit)?;
                    Some(KrillaGlyph::new(GlyphId::new(glyph.into()), wide, 0.0, 0.0, 0.0, at..at + 1, None))
                })
                .collect();
            // As shapes, so that nobody finds its digits in the text.
            surface.draw_glyphs(Point::from_xy(left, foot), &glyphs, weight.font.clone(), row, size, true);
        }
    }

    /// The parts of the document in their order.
    fn tags(&mut self, flow: &Flow<'_>, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        for root in &flow.roots {
            if let Some(group) = self.group(flow, *root) {
                tree.push(group);
            }
        }
        tree
    }

    fn group(&mut self, flow: &Flow<'_>, number: usize) -> Option<TagGroup> {
        let Part { role, children } = flow.parts.get(number)?;
        let mut group = match role {
            Role::Heading(level) => TagGroup::new(Tag::Hn(NonZeroU16::new(*level)?, None)),
            Role::Paragraph => TagGroup::new(Tag::P),
            Role::Contents => TagGroup::new(Tag::TOC),
            Role::ContentsRow => TagGroup::new(Tag::TOCI),
            Role::Table => TagGroup::new(Tag::Table),
            Role::Row => TagGroup::new(Tag::TR),
            Role::Head => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
            Role::Cell => TagGroup::new(Tag::TD),
            Role::Figure(name) => TagGroup::new(Tag::Figure(Some(name.clone()))),
            Role::Link => TagGroup::new(Tag::Link),
        };
        for child in children {
            match child {
                Child::Part(part) => {
                    if let Some(part) = self.group(flow, *part) {
                        group.push(part);
                    }
                }
                Child::Mark(mark) => {
                    let drawn = self.marks.get_mut(*mark).and_then(Option::take);
                    drawn.into_iter().flatten().for_each(|identifier| group.push(identifier));
                }
                Child::Link(link) => {
                    let linked = self.links.get_mut(*link).and_then(Option::take);
                    linked.into_iter().for_each(|identifier| group.push(identifier));
                }
            }
        }
        Some(group)
    }
}

fn fill([red, green, blue]: Colour) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}

fn area(surface: &mut Surface<'_>, at: Area, colour: Colour) {
    boxed(surface, at, Some(colour), None, 0.0);
}

fn boxed(surface: &mut Surface<'_>, at: Area, filled: Option<Colour>, edge: Option<Edge>, round: f32) {
    let Area { x, y, width, height } = at;
    let mut path = PathBuilder::new();
    if round > 0.0 {
        // Quarters of a circle, as cubic curves make them.
        let (r, k) = (round, round * 0.552);
        let (right, low) = (x + width, y + height);
        path.move_to(x + r, y);
        path.line_to(right - r, y);
        path.cubic_to(right - r + k, y, right, y + r - k, right, y + r);
        path.line_to(right, low - r);
        path.cubic_to(right, low - r + k, right - r + k, low, right - r, low);
        path.line_to(x + r, low);
        path.cubic_to(x + r - k, low, x, low - r + k, x, low - r);
        path.line_to(x, y + r);
        path.cubic_to(x, y + r - k, x + r - k, y, x + r, y);
        path.close();
    } else if let Some(rect) = Rect::from_xywh(x, y, width, height) {
        path.push_rect(rect);
    }
    let Some(path) = path.finish() else { return };
    surface.set_fill(filled.map(fill));
    surface.set_stroke(edge.map(|Edge { colour: [red, green, blue], is_dashed }| Stroke {
        paint: rgb::Color::new(red, green, blue).into(),
        width: 0.6,
        line_cap: LineCap::Butt,
        opacity: NormalizedF32::ONE,
        dash: is_dashed.then(|| StrokeDash { array: vec![2.0, 1.4], offset: 0.0 }),
        ..Stroke::default()
    }));
    surface.draw_path(&path);
    surface.set_stroke(None);
    surface.set_fill(None);
}

/// Two halves with one jagged line between them, 18 by 22 points.
fn tally(surface: &mut Surface<'_>, x: f32, y: f32) {
    let jags = [(9.0, 0.0), (6.5, 5.5), (11.0, 9.0), (7.0, 13.0), (11.5, 17.0), (9.0, 22.0)];
    for (side, edge, off, colour) in [(0.0, 0.0, -0.6, AI), (18.0, 18.0, 0.9, SHU)] {
        let mut path = PathBuilder::new();
        path.move_to(x + side, y);
        for (across, down) in jags {
            path.line_to(x + across + off, y + down);
        }
        path.line_to(x + edge, y + 22.0);
        path.close();
        let Some(path) = path.finish() else { continue };
        surface.set_stroke(None);
        surface.set_fill(Some(fill(colour)));
        surface.draw_path(&path);
    }
    surface.set_fill(Some(fill(INK)));
}

fn annotation(at: Area, goal: &Goal) -> Option<Annotation> {
    let rect = Rect::from_xywh(at.x, at.y, at.width, at.height)?;
    let (target, said) = match goal {
        Goal::Address(address) => (Target::Action(Action::Link(LinkAction::new(address.clone()))), address.clone()),
        Goal::Place(place) => (Target::Destination(destination(*place).into()), format!("{}", place.sheet + 1)),
    };
    Some(Annotation::new_link(LinkAnnotation::new(rect, target), Some(said)))
}

fn destination(place: Place) -> XyzDestination {
    XyzDestination::new(place.sheet, Point::from_xy(0.0, (place.y - 20.0).max(0.0)))
}

/// Parts, and what is in each.
fn outline(entries: &[Entry]) -> Outline {
    let mut outline = Outline::new();
    let mut part: Option<OutlineNode> = None;
    for entry in entries.iter().filter(|entry| entry.level <= 3) {
        let node = OutlineNode::new(entry.text.clone(), destination(entry.place));
        match &mut part {
            Some(part) if entry.level == 3 => part.push_child(node),
            _ => {
                if let Some(before) = part.replace(node) {
                    outline.push_child(before);
                }
            }
        }
    }
    if let Some(last) = part {
        outline.push_child(last);
    }
    outline
}
