//! [`Parser`]: server-sent events out of bytes (WHATWG HTML §9.2.6), however the network has cut them.

use std::time::Duration;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
    /// Of this very event; not, as a browser keeps it, of an earlier one.
    pub(super) id: Option<String>,
}

/// What the bytes said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Event(Event),
    /// How long to wait before connecting again.
    Retry(Duration),
}

/// An event is longer than [`MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    /// The last line ended with CR: an LF that follows belongs to it.
    ended_with_cr: bool,
    /// The first line is over: no byte order mark can come.
    has_begun: bool,
    event: Event,
    has_data: bool,
    /// The bytes since the last empty line.
    bytes: usize,
}

/// More than an event of the feed has (64 KiB) even if its lines are cut up.
pub(super) const MAX_BYTES: usize = 128 * 1024;

impl Parser {
    /// The items that these bytes complete, in their order.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Item>, TooLong> {
        let mut items = Vec::new();
        while let [first, rest @ ..] = bytes {
            if std::mem::take(&mut self.ended_with_cr) && *first == b'\n' {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.bytes += part.len();
            if self.bytes > MAX_BYTES {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if let [ending, rest @ ..] = rest {
                self.ended_with_cr = *ending == b'\r';
                bytes = rest;
                items.extend(self.end_line());
            }
        }
        Ok(items)
    }

    fn end_line(&mut self) -> Option<Item> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = if is_first { line.trim_start_matches('\u{feff}') } else { &line };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                return value
                    .parse()
                    .ok()
                    .map(|milliseconds| Item::Retry(Duration::from_millis(milliseconds)));
            }
            _ => {} // a comment, or a field of a later time
        }
        None
    }

    fn end_event(&mut self) -> Option<Item> {
        self.bytes = 0;
        let event = std::mem::take(&mut self.event);
        std::mem::take(&mut self.has_data).then_some(Item::Event(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str, id: Option<&str>) -> Item {
        Item::Event(Event { name: name.to_owned(), data: data.to_owned(), id: id.map(str::to_owned) })
    }

    fn parse(text: &str) -> Vec<Item> {
        Parser::default().push(text.as_bytes()).unwrap()
    }

    /// The examples of the standard, and what is special about its lines.
    #[test]
    fn events_are_read_as_the_standard_says() {
        for (text, items) in [
            ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![event("", "YHOO\n+2\n10", None)]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                vec![
                    event("", "first event", Some("1")),
                    event("", "second event", Some("")),
                    event("", " third event", None),
                ],
            ),
            ("data\n\ndata\ndata\n\ndata:", vec![event("", "", None), event("", "\n", None)]),
            ("data:test\n\ndata: test\n\n", vec![event("", "test", None), event("", "test", None)]),
            (
                "event: sync\nid: 7\ndata: {\"a\":1}\nlater: x\n\n",
                vec![event("sync", "{\"a\":1}", Some("7"))],
            ),
            ("\u{feff}data: a\n\n", vec![event("", "a", None)]),
            ("data: a\n\n\u{feff}data: b\n\n", vec![event("", "a", None)]),
            ("event: a\n\ndata: b\n\n", vec![event("", "b", None)]),
            ("id: a\0b\ndata: c\n\n", vec![event("", "c", None)]),
            ("data: never ended", vec![]),
            ("data: never ended\n", vec![]),
            ("retry: 500\nretry: 5s\nretry:\nretry: -1\n", vec![Item::Retry(Duration::from_millis(500))]),
        ] {
            assert_eq!(parse(text), items, "{text:?}");
        }
    }

    #[test]
    fn lines_end_in_three_ways_and_bytes_come_in_any_pieces() {
        let expected = [event("a", "1\n2", Some("x")), event("", "ü", None)];
        for ending in ["\n", "\r", "\r\n"] {
            let text = "event: a\ndata: 1\ndata: 2\nid: x\n\n: comment\n\ndata: ü\n\n".replace('\n', ending);
            for size in 1..text.len() {
                let mut parser = Parser::default();
                let mut items = Vec::new();
                for piece in text.as_bytes().chunks(size) {
                    items.extend(parser.push(piece).unwrap());
                    items.extend(parser.push(b"").unwrap());
                }
                assert_eq!(items, expected, "{ending:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn an_event_is_read_to_its_limit_and_no_further() {
        let line = format!("data: {}\n", "x".repeat(1_000 - 6));
        let mut parser = Parser::default();
        for _ in 0..3 {
            for _ in 0..MAX_BYTES / 1_000 {
                assert_eq!(parser.push(line.as_bytes()), Ok(vec![]));
            }
            assert_eq!(parser.push(b"\n").unwrap().len(), 1, "each event has its own limit");
        }
        let mut endless = std::iter::repeat_n(line.trim_end(), 1_000);
        assert!(endless.any(|piece| parser.push(piece.as_bytes()) == Err(TooLong)), "a line without end");
        let mut parser = Parser::default();
        let mut endless = std::iter::repeat_n(b": comment\n", 100_000);
        assert!(endless.any(|piece| parser.push(piece) == Err(TooLong)), "no empty line ever");
    }
}
