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

extension Label {
    /// Reads labels from CSV with the columns start, end, attacker, victim, label, category and observable.
    ///
    /// Times are seconds since the epoch; attacker and victim are addresses or prefixes, several joined by `|`, or `*`.
    /// Rows whose category begins with `benign` are no attacks and left out.
    package static func read(csv text: String) throws(CSVError) -> [Label] {
        var labels: [Label] = []
        for row in try CSVRows(text) {
            let label = Label(
                start: try row.number("start"), end: try row.number("end"),
                attackers: try prefixes("attacker", of: row), victims: try prefixes("victim", of: row),
                name: try row.text("label"), category: try row.text("category"),
                isObservable: try row.text("observable") != "0")
            if !label.category.hasPrefix("benign") { labels.append(label) }
        }
        return labels
    }

    private static func prefixes(_ name: String, of row: CSVRows.Row) throws(CSVError) -> [Prefix]? {
        let text = try row.text(name)
        if text.isEmpty || text == "*" { return nil }
        let prefixes: [Prefix] = try row.value(name, as: "address") { text in
            let parts = text.split(separator: "|").map { Prefix(String($0)) }
            return parts.contains(nil) ? nil : parts.compactMap(\.self)
        }
        return prefixes
    }
}
