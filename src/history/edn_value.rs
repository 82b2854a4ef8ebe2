//! A reader of EDN values (the notation of Clojure's data), as far as histories need it.
//!
//! It is our own because it must name the line of a mistake, never recurse without bound, and read one event at a time.

use super::pairing::ReadError;

/// An EDN value. Numbers beyond 64 bits, fractions, characters and symbols stay as they were written.
#[derive(Clone, PartialEq, Debug)]
pub enum Edn {
    Nil,
    Bool(bool),
    Int(i64),
    Text(String),
    /// Without its colon.
    Keyword(String),
    Other(String),
    /// A list or a vector.
    Sequence(Vec<Edn>),
    Set(Vec<Edn>),
    Map(Vec<(Edn, Edn)>),
}

/// Deeper nesting than any history needs is refused, so that a file cannot exhaust the stack.
const DEPTH_MAX: u32 = 64;

const BALANCE: &str = "check that every bracket and quote is closed";

impl Edn {
    /// The entry of a map under a keyword.
    pub fn get(&self, keyword: &str) -> Option<&Edn> {
        let Edn::Map(entries) = self else { return None };
        entries.iter().find(|(key, _)| matches!(key, Edn::Keyword(name) if name == keyword)).map(|(_, value)| value)
    }

    /// The value as it would be written, for values that become texts.
    pub fn write(&self) -> String {
        let all = |items: &[Edn]| items.iter().map(Edn::write).collect::<Vec<_>>().join(" ");
        // Equal sets and maps are written alike, in whatever order they came.
        let sorted = |mut items: Vec<String>, between: &str| {
            items.sort();
            items.join(between)
        };
        match self {
            Edn::Nil => "nil".to_owned(),
            Edn::Bool(value) => value.to_string(),
            Edn::Int(value) => value.to_string(),
            Edn::Text(text) => quote(text),
            Edn::Keyword(name) => format!(":{name}"),
            Edn::Other(text) => text.clone(),
            Edn::Sequence(items) => format!("[{}]", all(items)),
            Edn::Set(items) => format!("#{{{}}}", sorted(items.iter().map(Edn::write).collect(), " ")),
            Edn::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{} {}", key.write(), value.write()));
                format!("{{{}}}", sorted(entries.collect(), ", "))
            }
        }
    }
}

/// A text in EDN's quotes.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads one value after the other.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Where the line starts.
    line_start: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the start of a text.
    pub fn new(text: &'a str) -> Reader<'a> {
        Reader { text, at: 0, line: 1, line_start: 0 }
    }

    /// The line that the reader is at, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// How many bytes of the line the reader has passed.
    pub fn column(&self) -> usize {
        self.at - self.line_start
    }

    /// How many bytes of the text the reader has passed.
    pub fn passed(&self) -> usize {
        self.at
    }

    /// The text that the reader has passed since it had passed so many bytes.
    pub fn passed_since(&self, passed: usize) -> &'a str {
        &self.text[passed..self.at]
    }

    /// Steps over an opening bracket if it comes next.
    ///
    /// # Errors
    /// If what is left out before it is no EDN value; as all that follow.
    pub fn enter(&mut self) -> Result<bool, ReadError> {
        self.step_over(['[', '('])
    }

    /// Steps over a closing bracket if it comes next.
    pub fn leave(&mut self) -> Result<bool, ReadError> {
        self.step_over([']', ')'])
    }

    fn step_over(&mut self, brackets: [char; 2]) -> Result<bool, ReadError> {
        self.skip_blank(0)?;
        let comes = self.peek().is_some_and(|next| brackets.contains(&next));
        if comes {
            self.bump();
        }
        Ok(comes)
    }

    /// Whether nothing but blanks, comments and values to leave out is left.
    pub fn at_end(&mut self) -> Result<bool, ReadError> {
        self.skip_blank(0)?;
        Ok(self.peek().is_none())
    }

    /// The next value.
    ///
    /// # Errors
    /// If what comes next is no EDN value, with its line.
    pub fn value(&mut self) -> Result<Edn, ReadError> {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: u32) -> Result<Edn, ReadError> {
        if depth > DEPTH_MAX {
            return Err(self.error(format!("values are nested more than {DEPTH_MAX} deep"), BALANCE));
        }
        self.skip_blank(depth)?;
        match self.peek() {
            None => Err(self.error("the text ends where a value was expected", BALANCE)),
            Some('"') => self.string().map(Edn::Text),
            Some('[') => self.items(']', depth).map(Edn::Sequence),
            Some('(') => self.items(')', depth).map(Edn::Sequence),
            Some('{') => self.map(depth),
            Some('#') => self.dispatched(depth),
            Some(closing @ (']' | ')' | '}')) => {
                Err(self.error(format!("`{closing}` closes nothing"), "remove it, or add the bracket that it closes"))
            }
            Some('\\') => Ok(Edn::Other(self.character())),
            Some(_) => Ok(self.atom()),
        }
    }

    fn items(&mut self, closing: char, depth: u32) -> Result<Vec<Edn>, ReadError> {
        let opened = self.line;
        self.bump();
        let mut items = Vec::new();
        loop {
            self.skip_blank(depth)?;
            match self.peek() {
                None => return Err(self.error(format!("what opened on line {opened} is not closed"), BALANCE)),
                Some(found) if found == closing => {
                    self.bump();
                    return Ok(items);
                }
                Some(_) => items.push(self.value_at(depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: u32) -> Result<Edn, ReadError> {
        let items = self.items('}', depth)?;
        if items.len() % 2 == 1 {
            return Err(self.error("a map has a key without a value", "write keys and values in pairs"));
        }
        let mut entries = Vec::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(Edn::Map(entries))
    }

    /// After `#`: a set, a number that is none (`##NaN`), or a tag, which is passed over (`#jepsen.history.Op{…}` is its
    /// map).
    fn dispatched(&mut self, depth: u32) -> Result<Edn, ReadError> {
        self.bump();
        match self.peek() {
            Some('{') => self.items('}', depth).map(Edn::Set),
            Some('#') => Ok(Edn::Other(format!("#{}", self.token()))),
            Some('"') => self.string().map(Edn::Text),
            _ => {
                self.token();
                self.value_at(depth + 1)
            }
        }
    }

    fn string(&mut self) -> Result<String, ReadError> {
        let opened = self.line;
        self.bump();
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(self.error(format!("the text that opened on line {opened} is not closed"), BALANCE)),
                Some('"') => return Ok(text),
                Some('\\') => match self.bump() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('u') => text.push(self.unicode()?),
                    Some(other) => text.push(other),
                    None => return Err(self.error("the text ends after a backslash", BALANCE)),
                },
                Some(other) => text.push(other),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, ReadError> {
        let digits: String = (0..4).filter_map(|_| self.bump()).collect();
        // Half of a surrogate pair is no character; it is shown as the sign for an unreadable one.
        u32::from_str_radix(&digits, 16)
            .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            .map_err(|_| self.error(format!("`\\u{digits}` is no character"), "write four hexadecimal digits"))
    }

    fn character(&mut self) -> String {
        let start = self.at;
        self.bump();
        self.bump();
        self.token();
        self.text[start..self.at].to_owned()
    }

    fn atom(&mut self) -> Edn {
        let token = self.token();
        match token {
            "nil" => Edn::Nil,
            "true" => Edn::Bool(true),
            "false" => Edn::Bool(false),
            _ => {
                if let Some(name) = token.strip_prefix(':') {
                    Edn::Keyword(name.to_owned())
                } else if let Ok(number) = token.strip_suffix('N').unwrap_or(token).parse() {
                    Edn::Int(number)
                } else {
                    Edn::Other(token.to_owned())
                }
            }
        }
    }

    fn token(&mut self) -> &'a str {
        let start = self.at;
        while let Some(character) = self.peek() {
            if character.is_whitespace() || matches!(character, ',' | '"' | ';' | '[' | ']' | '(' | ')' | '{' | '}') {
                break;
            }
            self.bump();
        }
        &self.text[start..self.at]
    }

    /// Steps over blanks, comments, and values that `#_` leaves out.
    fn skip_blank(&mut self, depth: u32) -> Result<(), ReadError> {
        while let Some(character) = self.peek() {
            if character == ';' {
                while self.peek().is_some_and(|next| next != '\n') {
                    self.bump();
                }
            } else if character.is_whitespace() || character == ',' {
                self.bump();
            } else if character == '#' && self.text[self.at..].starts_with("#_") {
                self.bump();
                self.bump();
                self.value_at(depth + 1)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            // Nearly all are of one byte.
            Some(&byte) if byte.is_ascii() => Some(byte as char),
            _ => self.text[self.at..].chars().next(),
        }
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        if character == '\n' {
            self.line += 1;
            self.line_start = self.at;
        }
        Some(character)
    }

    /// A mistake at the place where the reader is.
    pub fn error(&self, problem: impl Into<String>, remedy: &str) -> ReadError {
        let next = self.peek().map_or(0, char::len_utf8);
        ReadError { columns: self.column()..self.column() + next, ..ReadError::new(self.line, problem, remedy) }
    }
}
