import Features
package import Traffic

/// An interval of a capture in which an attack is known to go on.
package struct Label: Hashable, Sendable {
    /// In the capture's own clock, seconds since the epoch.
    package var start, end: Double
    /// `nil`: forged or too many to name.
    package var attackers: [Prefix]?
    /// `nil`: whoever.
    package var victims: [Prefix]?
    package var name: String
    package var category: String
    /// Whether there is enough of it in the capture to be seen; if not, it counts neither way.
    package var isObservable: Bool

    package init(
        start: Double, end: Double, attackers: [Prefix]?, victims: [Prefix]?, name: String, category: String,
        isObservable: Bool = true
    ) {
        self.start = start
        self.end = end
        self.attackers = attackers
        self.victims = victims
        self.name = name
        self.category = category
        self.isObservable = isObservable
    }

    /// Whether the entity, as a source, is an attacker's.
    func isAttacker(_ entity: Entity) -> Bool {
        entity.view == .source && attackers?.contains { $0.overlaps(entity.prefix) } == true
    }

    func isVictim(_ prefix: Prefix) -> Bool {
        victims.map { $0.contains { $0.overlaps(prefix) } } ?? true
    }
}

/// Why labels cannot be read.
package struct LabelError: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package var description: String { "line \(line): \(reason)" }
}

extension Label {
    /// Reads labels from CSV with the columns start, end, attacker, victim, label, category and observable.
    ///
    /// Times are seconds since the epoch; attacker and victim are addresses or prefixes, several joined by `|`, or `*`.
    /// Rows whose category begins with `benign` are no attacks and left out.
    package static func read(csv text: String) throws(LabelError) -> [Label] {
        var lines = text.split(whereSeparator: \.isNewline).enumerated().makeIterator()
        guard let (_, heading) = lines.next() else { throw LabelError(line: 1, reason: "no line with names") }
        let names = fields(heading)
        var labels: [Label] = []
        while let (index, line) = lines.next() {
            let row = Dictionary(zip(names, fields(line)), uniquingKeysWith: { first, _ in first })
            func value(_ name: String) throws(LabelError) -> String {
                guard let value = row[name] else { throw LabelError(line: index + 1, reason: "no \(name)") }
                return value
            }
            func time(_ name: String) throws(LabelError) -> Double {
                let text = try value(name)
                guard let time = Double(text), time.isFinite else {
                    throw LabelError(line: index + 1, reason: "\(name) '\(text)' is no time in seconds")
                }
                return time
            }
            func prefixes(_ name: String) throws(LabelError) -> [Prefix]? {
                let text = try value(name)
                if text.isEmpty || text == "*" { return nil }
                var prefixes: [Prefix] = []
                for part in text.split(separator: "|") {
                    guard let prefix = Prefix(String(part)) else {
                        throw LabelError(line: index + 1, reason: "\(name) '\(part)' is no address")
                    }
                    prefixes.append(prefix)
                }
                return prefixes
            }
            let label = Label(
                start: try time("start"), end: try time("end"), attackers: try prefixes("attacker"),
                victims: try prefixes("victim"), name: try value("label"), category: try value("category"),
                isObservable: try value("observable") != "0")
            if !label.category.hasPrefix("benign") { labels.append(label) }
        }
        return labels
    }

    /// The fields of a line of CSV; quotes may hold commas, and doubled quotes.
    private static func fields(_ line: Substring) -> [String] {
        var fields = [""]
        var isQuoted = false
        var previous: Character = ","
        for character in line {
            if character == "\"" {
                if !isQuoted, previous == "\"" { fields[fields.count - 1].append("\"") }
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
            previous = character
        }
        return fields
    }
}
