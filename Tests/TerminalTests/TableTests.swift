import Terminal
import Testing

@Suite("Tables")
struct TableTests {
    private func table() -> Table {
        var table = Table([
            Table.Column("WHO"), Table.Column("SCORE", .right, dispensability: 2),
            Table.Column("AGE", .right, dispensability: 1),
            Table.Column("WHY", isFlexible: true),
        ])
        table.add(["192.0.2.7", "9.12", "3m 20s", "scan: 1,200 ports of 3 hosts in 10 s, usual: 2"])
        table.add(["2001:db8:1:2::/64", "12", "4s", "volume"])
        return table
    }

    @Test("Everything is shown where there is room")
    func isWide() {
        #expect(
            table().text(on: Screen(width: 120, isColoured: false)) == """
                WHO                SCORE     AGE  WHY
                192.0.2.7           9.12  3m 20s  scan: 1,200 ports of 3 hosts in 10 s, usual: 2
                2001:db8:1:2::/64     12      4s  volume

                """)
    }

    @Test("What is flexible is cut first, then columns are left out, and what is left gets the room")
    func isNarrow() {
        #expect(
            table().text(on: Screen(width: 64, isColoured: false)) == """
                WHO                SCORE     AGE  WHY
                192.0.2.7           9.12  3m 20s  scan: 1,200 ports of 3 hosts …
                2001:db8:1:2::/64     12      4s  volume

                """)
        #expect(
            table().text(on: Screen(width: 60, isColoured: false)) == """
                WHO                   AGE  WHY
                192.0.2.7          3m 20s  scan: 1,200 ports of 3 hosts in …
                2001:db8:1:2::/64      4s  volume

                """)
        #expect(
            table().text(on: Screen(width: 10, isColoured: false)) == """
                WHO   WHY
                192…  sca…
                200…  vol…

                """)
    }

    /// Three columns that are not to be cut, nor left out.
    private func wideTable() -> Table {
        var table = Table([
            Table.Column("WHO"), Table.Column("ACTION"), Table.Column("LEFT", .right),
            Table.Column("WHY", isFlexible: true),
        ])
        table.add([
            "2001:db8:1::2 to 2001:db8:20::2 tcp port 443", "ban", "10m to confirm", "scan: many ports",
        ])
        table.add(["192.0.2.7", "ban", "no end", "manual"])
        return table
    }

    @Test("Where that is not enough, other cells are cut, and columns left out from the right")
    func isSqueezed() {
        #expect(
            wideTable().text(on: Screen(width: 64, isColoured: false)) == """
                WHO                         ACTION            LEFT  WHY
                2001:db8:1::2 to 2001:db8…  ban     10m to confirm  scan: many …
                192.0.2.7                   ban             no end  manual

                """)
        #expect(
            wideTable().text(on: Screen(width: 40, isColoured: false)) == """
                WHO                 ACTION  WHY
                2001:db8:1::2 to …  ban     scan: many …
                192.0.2.7           ban     manual

                """)
    }

    @Test("No line is wider than the screen", arguments: 10...120)
    func fits(_ width: Int) {
        for table in [table(), wideTable()] {
            let lines = table.text(on: Screen(width: width, isColoured: false)).split(separator: "\n")
            #expect(lines.allSatisfy { $0.count <= width })
        }
    }

    @Test("Colours do not move columns")
    func isColoured() {
        var table = Table([Table.Column("A"), Table.Column("B")])
        table.add([Table.Cell("x", .bad), "y"])
        #expect(
            table.text(on: Screen(width: 80, isColoured: true))
                == "\u{1B}[2mA\u{1B}[0m  \u{1B}[2mB\u{1B}[0m\n\u{1B}[31mx\u{1B}[0m  y\n")
    }

    @Test("Rows that are too short or too long, and control characters, do no harm")
    func isRobust() {
        var table = Table([Table.Column("A"), Table.Column("B")])
        table.add(["1"])
        table.add(["1", "2", "3"])
        table.add(["\u{1B}[2J", "a\nb\u{202E}"])
        #expect(
            table.text(on: Screen(width: 80, isColoured: false)) == "A     B\n1     \n1     2\n?[2J  a?b?\n")
    }

    @Test("Values of fields are wrapped between words, whatever their style")
    func wrapsFields() {
        var fields = Fields()
        let screen = Screen(width: 20, isColoured: true)
        fields.add("A", screen.styled("one two", .bad) + " three four five")
        #expect(
            fields.text(on: screen)
                == "\u{1B}[2mA\u{1B}[0m  \u{1B}[31mone two\u{1B}[0m three\n   four five\n")
    }

    @Test("Prose stays whole for what reads a pipe, and is cut between words for people")
    func wrapsProse() {
        let text = "to mend: ethtool -K wan gro off"
        var fields = Fields()
        fields.add("Why", text)
        let people = Screen(width: 20, isColoured: false)
        let pipe = Screen(width: 20, isColoured: false, wrapsProse: false)
        #expect(people.wrapped(text) == "to mend: ethtool -K\nwan gro off")
        #expect(pipe.wrapped(text) == text)
        #expect(fields.text(on: pipe) == "Why  \(text)\n")
    }

    @Test("A value with a word that has no room beside its label stands below it, with what continues it")
    func putsLongWordsBelow() {
        var fields = Fields()
        fields.add("To confirm", "ban 2001:db8::1234:5678, undone in 5m")
        fields.add("", "mode limit")
        fields.add("Mode", "shadow")
        #expect(
            fields.text(on: Screen(width: 23, isColoured: false)) == """
                To confirm
                  ban
                  2001:db8::1234:5678,
                  undone in 5m
                  mode limit
                Mode        shadow

                """)
        // A word as long as the screen is wide has no indentation.
        fields = Fields()
        fields.add("Rule", "2001:db8::1234:5678:9a")
        #expect(
            fields.text(on: Screen(width: 22, isColoured: false)) == "Rule\n2001:db8::1234:5678:9a\n")
    }

    @Test("Fields stand in one column")
    func alignsFields() {
        var fields = Fields()
        fields.add("Mode", "shadow")
        fields.add("", "more")
        fields.add("Heartbeat", "0.2s ago")
        #expect(
            fields.text(on: Screen(width: 80, isColoured: false))
                == "Mode       shadow\n           more\nHeartbeat  0.2s ago\n")
    }
}
