//! A file's bytes as UTF-8, in small chunks, with the end of the file made visible.

use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

use super::bounds::{CHUNK_BYTES, RECORD_BYTES_MAX};

/// The character that stands for the end of the file. U+FFFF is no character and never valid in
/// text that is exchanged, so a file that holds it is treated as badly encoded.
pub(super) const END: &str = "\u{FFFF}";

/// Why the text cannot be read on; carried inside an [`io::Error`] through the CSV reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TextFault {
    #[error("the bytes are not text in the mapping's encoding")]
    Malformed,
    #[error("the record is too long")]
    RecordTooLong,
}

/// Decodes as it is read. A byte order mark of the encoding is dropped. After the last byte it
/// gives one more line that holds only [`END`]: a reader that sees it inside another field knows
/// that a quotation mark was never closed. A fault is given only after all the text before it, so
/// it falls into the record where it stands.
pub(super) struct Decoding<R> {
    source: R,
    decoder: Decoder,
    input: Vec<u8>,
    input_at: usize,
    source_ended: bool,
    output: Vec<u8>,
    output_at: usize,
    malformed: bool,
    finished: bool,
    allowance: usize,
    lines: Lines,
}

/// Where lines end in the text that was given, as far as nobody has asked beyond it: no more of
/// them than the reader is ahead.
#[derive(Default)]
struct Lines {
    given: u64,
    after_return: bool,
    /// The place of the last character of each line's end.
    ends: VecDeque<u64>,
    passed: u64,
}

impl Lines {
    fn give(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'\n' if self.after_return => {
                    if let Some(end) = self.ends.back_mut() {
                        *end = self.given;
                    }
                }
                b'\n' | b'\r' => self.ends.push_back(self.given),
                _ => {}
            }
            self.after_return = *byte == b'\r';
            self.given += 1;
        }
    }
}

impl<R: Read> Decoding<R> {
    pub(super) fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: Vec::with_capacity(CHUNK_BYTES),
            input_at: 0,
            source_ended: false,
            output: Vec::new(),
            output_at: 0,
            malformed: false,
            finished: false,
            allowance: RECORD_BYTES_MAX,
            lines: Lines::default(),
        }
    }

    /// The line, from 1, that a place of the text is in; asked for rising places only.
    pub(super) fn line_at(&mut self, place: u64) -> u64 {
        let lines = &mut self.lines;
        while lines.ends.front().is_some_and(|end| *end < place) {
            lines.ends.pop_front();
            lines.passed += 1;
        }
        lines.passed + 1
    }

    /// Says that a new record begins: it may again take as much text as one record may have.
    pub(super) fn begin_record(&mut self) {
        self.allowance = RECORD_BYTES_MAX;
    }

    fn read_source(&mut self) -> io::Result<()> {
        self.input.clear();
        self.input_at = 0;
        let limit = u64::try_from(CHUNK_BYTES).expect("a chunk is a few thousand bytes");
        let count = (&mut self.source).take(limit).read_to_end(&mut self.input)?;
        self.source_ended = count == 0;
        Ok(())
    }

    fn decode(&mut self) {
        let input = &self.input[self.input_at..];
        let room = self
            .decoder
            .max_utf8_buffer_length_without_replacement(input.len())
            .expect("a chunk is far below the largest buffer");
        self.output.resize(room, 0);
        self.output_at = 0;
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.output, self.source_ended);
        self.input_at += read;
        self.output.truncate(written);
        if let Some(at) = find_end(&self.output) {
            self.output.truncate(at);
            self.malformed = true;
            return;
        }
        match result {
            DecoderResult::Malformed(..) => self.malformed = true,
            DecoderResult::InputEmpty if self.source_ended => {
                self.finished = true;
                self.output.push(b'\n');
                self.output.extend_from_slice(END.as_bytes());
                self.output.push(b'\n');
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
        }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = &self.output[self.output_at..];
            if !ready.is_empty() {
                if self.allowance == 0 {
                    return Err(fault(TextFault::RecordTooLong));
                }
                let count = ready.len().min(buffer.len()).min(self.allowance);
                buffer[..count].copy_from_slice(&ready[..count]);
                self.lines.give(&buffer[..count]);
                self.output_at += count;
                self.allowance -= count;
                return Ok(count);
            }
            if self.malformed {
                return Err(fault(TextFault::Malformed));
            }
            if self.finished {
                return Ok(0);
            }
            if self.input_at == self.input.len() && !self.source_ended {
                self.read_source()?;
            }
            self.decode();
        }
    }
}

fn find_end(text: &[u8]) -> Option<usize> {
    text.windows(END.len()).position(|window| window == END.as_bytes())
}

fn fault(fault: TextFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}
