import ArgumentParser
import Traffic

/// A list of addresses, prefixes and ranges, in any of the forms in which people publish or save them.
///
/// One a line, with a comment behind it (`#`, `;`, `//`) or further columns; CSV, with or without a header; JSON, whole or line
/// by line; what `ipset save` and `nft list set` print.
struct SubjectList {
    /// What one place in the list says.
    struct Entry {
        /// From 1; `nil` in JSON that is one document.
        var line: Int?
        /// The prefixes that it names, or why it names none.
        var named: Result<[Prefix], ValidationError>
    }

    private(set) var entries: [Entry] = []
    /// Of CSV whose header names the column: which it is.
    private var column: Int?
    private var hasBegun = false

    /// Reads all of `text`.
    init(_ text: String) {
        var bytes = text.utf8[...]
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        let body = Substring(bytes)
        if let json = JSONSubjects(body) {
            entries = json.entries
        } else if NftablesSubjects.isSet(body) {
            entries = NftablesSubjects(body).entries
        } else {
            for (index, line) in body.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
                .enumerated()
            {
                add(Substring(line), line: index + 1)
            }
        }
    }

    private mutating func add(_ text: Substring, line: Int) {
        // By far the most lines are this and nothing else.
        if let prefix = Prefix(String(text)) { return add(prefix.unmapped, line) }
        let text = Self.withoutComment(text).trimmed
        guard !text.isEmpty, !Self.isSetHeader(text) else { return }
        defer { hasBegun = true }
        let words = text.split(whereSeparator: \.isWhitespace)
        switch words[0] {
        case "create", "flush": return
        case "add" where words.count >= 3:
            return add(
                words.contains("nomatch")
                    ? .failure(ValidationError("`\(text.shown)` is an exception from a set (nomatch)"))
                    : Subject.read(words[2]), line)
        default: break
        }
        if let range = Self.namedRange(text) { return add(.success(range), line) }
        if let fields = Self.fields(text), !text.contains(" - ") || text.contains(",") {
            return addRow(fields, text, line)
        }
        addColumns(words, text, line)
    }

    /// A row of CSV: the column that the header names, or the only one that has addresses in it.
    private mutating func addRow(_ fields: [Substring], _ text: Substring, _ line: Int) {
        if let column {
            return add(column < fields.count ? Subject.read(fields[column]) : Self.nothing(text), line)
        }
        let found = fields.compactMap { try? Subject.read($0).get() }
        if found.count == 1 { return add(.success(found[0]), line) }
        guard found.isEmpty else { return add(Self.several(text), line) }
        if !hasBegun, Self.isHeader(fields) {
            column = Subject.column(in: fields)
        } else {
            add(Self.nothing(text), line)
        }
    }

    /// A line in columns: the first has the address, or the second if the first is a number, as `uniq -c` counts.
    private mutating func addColumns(_ words: [Substring], _ text: Substring, _ line: Int) {
        let isCounted = words.count > 1 && words[0].allSatisfy(\.isNumber)
        let place = isCounted ? 1 : 0
        let next = place + 1 < words.count ? words[place + 1] : ""
        if next == "-", place + 2 < words.count {
            return add(Subject.read("\(words[place])-\(words[place + 2])"), line)
        }
        let first = Subject.read(words[place])
        if case .success = first, let other = try? Subject.read(next).get() {
            // First and last address of a network and its length, as DShield has them.
            if place + 2 < words.count, let length = Int(words[place + 2]), other.count == 1,
                let network = Prefix("\(words[place])/\(length)"),
                AddressRange("\(words[place])-\(next)")?.prefixes == [network]
            {
                return add(.success([network]), line)
            }
            return add(Self.several(text), line)
        }
        if case .failure = first, !hasBegun, Self.isHeader(words),
            words.count > 1 || Subject.column(in: words) != nil
        {
            return
        }
        add(words.count == 1 ? Subject.read(text) : first, line)
    }

    private mutating func add(_ prefix: Prefix, _ line: Int) {
        hasBegun = true
        entries.append(Entry(line: line, named: .success([prefix])))
    }

    private mutating func add(_ named: Result<[Prefix], ValidationError>, _ line: Int) {
        entries.append(Entry(line: line, named: named))
    }

    private static func several(_ text: Substring) -> Result<[Prefix], ValidationError> {
        .failure(
            ValidationError(
                "`\(text.shown)` has more than one address; leave one column, or write a range as FIRST-LAST")
        )
    }

    private static func nothing(_ text: Substring) -> Result<[Prefix], ValidationError> { Subject.read(text) }

    /// What stands before `#`, `;`, or `//` at the beginning or behind a blank; not in quotation marks.
    private static func withoutComment(_ text: Substring) -> Substring {
        var isQuoted = false
        var before: Character = " "
        for place in text.indices {
            let character = text[place]
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted, character == "#" || character == ";" { return text[..<place] }
            if !isQuoted, character == "/", before.isWhitespace, text[place...].hasPrefix("//") {
                return text[..<place]
            }
            before = character
        }
        return text
    }

    /// What `ipset list` prints before the addresses.
    private static func isSetHeader(_ text: Substring) -> Bool {
        [
            "Name:", "Type:", "Revision:", "Header:", "Size in memory:", "References:", "Number of entries:",
            "Members:",
        ].contains { text.hasPrefix($0) }
    }

    /// `Somebody's network:192.0.2.0-192.0.2.255`.
    private static func namedRange(_ text: Substring) -> [Prefix]? {
        guard let colon = text.lastIndex(of: ":"), text[colon...].contains("-") else { return nil }
        return AddressRange(String(text[text.index(after: colon)...].trimmed))?.prefixes
    }

    /// The fields of CSV, without their quotation marks; `nil` for what is none.
    private static func fields(_ text: Substring) -> [Substring]? {
        guard text.contains(",") else { return nil }
        var fields: [Substring] = []
        var isQuoted = false
        var start = text.startIndex
        for place in text.indices {
            if text[place] == "\"" { isQuoted.toggle() }
            guard text[place] == ",", !isQuoted else { continue }
            fields.append(text[start..<place])
            start = text.index(after: place)
        }
        return (fields + [text[start...]]).map { $0.trimmed.unquoted }
    }

    /// Whether these are names of columns, and nothing that could be meant as an address.
    private static func isHeader(_ fields: [Substring]) -> Bool {
        fields.allSatisfy { field in
            !(field.contains(where: \.isNumber) && field.contains { $0 == "." || $0 == ":" || $0 == "/" })
        } && fields.contains { $0.contains(where: \.isLetter) }
    }
}

/// How lists call what they name, and how it is written.
enum Subject {
    /// Names of columns and of keys in JSON, the surest first.
    static let names = [
        "ip", "ipaddress", "address", "addr", "cidr", "prefix", "ipprefix", "ipv6prefix", "ipv4prefix",
        "network",
        "net", "subnet", "range", "iprange", "ipv4", "ipv6", "value", "indicator", "elem", "val", "srcip",
        "sourceip", "src", "source", "host", "dstip",
    ]

    /// Lower case, without what stands between words.
    static func plain(_ name: some StringProtocol) -> String {
        name.lowercased().filter { $0.isLetter || $0.isNumber }
    }

    /// Which column is named as one with addresses.
    static func column(in fields: [Substring]) -> Int? {
        let plain = fields.map { Self.plain($0) }
        return names.lazy.compactMap { plain.firstIndex(of: $0) }.first
    }

    /// What one word names: an address, a prefix (with a length, or a mask such as 255.255.255.0) or a range; with `Ip:` or
    /// `Range:` before it, as CrowdSec prints it.
    static func read(_ text: some StringProtocol) -> Result<[Prefix], ValidationError> {
        var word = Substring(text).unquoted
        for scope in ["ip:", "range:"] where word.lowercased().hasPrefix(scope) {
            word = word.dropFirst(scope.count)
        }
        if let prefix = Prefix(String(word)) { return .success([prefix.unmapped]) }
        if let prefix = masked(word) { return .success([prefix]) }
        if let range = AddressRange(String(word)) { return .success(range.prefixes.map(\.unmapped)) }
        return .failure(
            ValidationError(
                "`\(Substring(text).shown)` is neither an address nor a prefix nor a range; expected such as "
                    + "192.0.2.7, 2001:db8::/32 or 192.0.2.5-192.0.2.20"))
    }

    /// `192.0.2.0/255.255.255.0`.
    private static func masked(_ text: Substring) -> Prefix? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = Address(String(parts[0])), let mask = Address(String(parts[1])),
            address.isIPv4, mask.isIPv4
        else { return nil }
        let bits = UInt32(truncatingIfNeeded: mask.low)
        guard (~bits).leadingZeroBitCount + (~bits).trailingZeroBitCountOfOnes == 32 else { return nil }
        return Prefix(address, length: (~bits).leadingZeroBitCount)
    }
}

extension UInt32 {
    /// How many of the lowest bits are set without a gap.
    fileprivate var trailingZeroBitCountOfOnes: Int { (~self).trailingZeroBitCount }
}

extension Substring {
    /// Without blanks at its ends.
    var trimmed: Substring {
        var result = self
        while result.last?.isWhitespace == true { result.removeLast() }
        return result.drop(while: \.isWhitespace)
    }

    /// Without quotation marks around it.
    var unquoted: Substring {
        guard count >= 2, let first, first == "\"" || first == "'", last == first else { return self }
        return dropFirst().dropLast()
    }

    /// The beginning of it, for an error.
    var shown: String { count > 80 ? "\(prefix(80))..." : String(self) }
}
