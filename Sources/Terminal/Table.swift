/// Rows and columns that fit the screen.
package struct Table: Hashable, Sendable {
    /// A column, and what becomes of it when there is no room for all.
    package struct Column: Hashable, Sendable {
        /// On which side of its column a cell stands.
        package enum Alignment: Hashable, Sendable { case left, right }

        package var title: String
        package var alignment: Alignment
        /// Whether its cells may be cut.
        package var isFlexible: Bool
        /// Columns above 0 are left out when all others do not fit, the highest first.
        package var dispensability: Int

        package init(
            _ title: String, _ alignment: Alignment = .left, isFlexible: Bool = false, dispensability: Int = 0
        ) {
            self.title = title
            self.alignment = alignment
            self.isFlexible = isFlexible
            self.dispensability = dispensability
        }
    }

    /// Text in a style; control characters, which could redraw the screen, are shown as `?`.
    package struct Cell: Hashable, Sendable, ExpressibleByStringLiteral {
        var text: String
        var style: Style

        package init(_ text: String, _ style: Style = .plain) {
            self.text = text.printable
            self.style = style
        }

        package init(stringLiteral text: String) { self.init(text) }
    }

    /// A flexible column is cut to this width before other columns are left out for it.
    private static let comfortableWidth = 28
    /// It is cut to this width when no more columns can be left out.
    private static let leastWidth = 12
    /// Others are cut to this width when that is still not enough: an IPv4 prefix is whole then.
    private static let tolerableWidth = 18
    private static let gap = "  "

    package var columns: [Column]
    package private(set) var rows: [[Cell]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; cells that are missing stay empty, those too many are ignored.
    package mutating func add(_ cells: [Cell]) {
        let missing = max(0, columns.count - cells.count)
        rows.append(Array(cells.prefix(columns.count)) + Array(repeating: "", count: missing))
    }

    /// One line for the titles, and one for each row; no line is wider than the screen if that is possible.
    package func text(on screen: Screen) -> String {
        let layout = layout(width: screen.width)
        let titles = columns.map { Cell($0.title, .faint) }
        return ([titles] + rows).map { line($0, layout, screen) + "\n" }.joined()
    }

    private typealias Layout = [(index: Int, width: Int)]

    /// The columns that are shown, with their widths.
    private func layout(width: Int) -> Layout {
        var shown = Array(columns.indices)
        while true {
            let last = shown.filter { columns[$0].dispensability > 0 }.max {
                columns[$0].dispensability < columns[$1].dispensability
            }
            let least = last == nil ? Self.leastWidth : Self.comfortableWidth
            let (layout, fits) = fit(shown, width: width, least: least)
            if fits { return layout }
            guard let last else { return squeeze(shown, to: width) }
            shown.removeAll { $0 == last }
        }
    }

    /// Where not even that is enough: cells of any column are cut, then columns left out from the right, but for the first and
    /// the flexible ones, then cells cut to whatever there is room for.
    private func squeeze(_ shown: [Int], to width: Int) -> Layout {
        var (layout, _) = fit(shown, width: width, least: Self.leastWidth)
        func cut(to least: Int) -> Bool {
            var excess = layout.map(\.width).reduce(Self.gap.count * (layout.count - 1), +) - width
            while excess > 0, let widest = layout.indices.max(by: { layout[$0].width < layout[$1].width }),
                layout[widest].width > least
            {
                layout[widest].width -= 1
                excess -= 1
            }
            return excess <= 0
        }
        if cut(to: Self.tolerableWidth) { return layout }
        if let last = shown.dropFirst().last(where: { !columns[$0].isFlexible }) {
            return squeeze(shown.filter { $0 != last }, to: width)
        }
        _ = cut(to: 1)
        return layout
    }

    /// Widths of these columns, flexible ones cut as far as needed to `least`, and whether that is enough.
    private func fit(_ shown: [Int], width: Int, least: Int) -> (Layout, fits: Bool) {
        var layout = shown.map { index in
            (index: index, width: rows.map { $0[index].text.count }.reduce(columns[index].title.count, max))
        }
        var excess = layout.map(\.width).reduce(Self.gap.count * max(0, shown.count - 1), +) - width
        for place in layout.indices.reversed() where excess > 0 && columns[layout[place].index].isFlexible {
            let cut = min(excess, max(0, layout[place].width - least))
            layout[place].width -= cut
            excess -= cut
        }
        return (layout, excess <= 0)
    }

    private func line(_ cells: [Cell], _ layout: Layout, _ screen: Screen) -> String {
        var line = ""
        for (place, (index, width)) in layout.enumerated() {
            let text = cells[index].text.cut(to: width)
            let padding = String(repeating: " ", count: max(0, width - text.count))
            let styled = screen.styled(text, cells[index].style)
            if place > 0 { line += Self.gap }
            switch columns[index].alignment {
            case .right: line += padding + styled
            case .left: line += place == layout.count - 1 ? styled : styled + padding
            }
        }
        return line
    }
}

extension String {
    /// With `?` for control characters, among them those that change the direction of writing.
    package var printable: String {
        // Mostly there is nothing to replace.
        if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.isPrintable ? $0 : "?" }))
    }

    /// At most `width` characters, the last of which says that there were more.
    package func cut(to width: Int) -> String { count <= width ? self : prefix(max(0, width - 1)) + "…" }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
