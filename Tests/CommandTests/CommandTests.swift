import API
import Foundation
import Testing

@Suite("Commands against an agent")
struct CommandTests {
    @Test("A ban by hand is made, shown, explained, refused within the allow-list, and lifted")
    func managesBans() async throws {
        try await withAgent { run in
            #expect(try await run(["bans"]).output == "Nothing is banned or limited.\n")
            let ban = try await run(["ban", "192.0.2.0/24", "--duration", "1h", "--reason", "abuse"])
            #expect(ban.status == 0 && ban.output.hasSuffix(" (rule 1).\n"))
            #expect(try await run(["bans"]).output.contains("192.0.2.0/24"))
            let why = try await run(["explain", "192.0.2.9"]).output
            #expect(
                why.hasPrefix(
                    "192.0.2.9 is blocked.\nPackets from 192.0.2.9 are dropped: it was banned by hand"))
            let allow = try await run(["allow", "add", "192.0.0.0/16", "--reason", "ours"])
            #expect(
                allow.output
                    == "192.0.0.0/16 is on the allow-list.\nLifted the ban or limit on 192.0.2.0/24.\n")
            let refused = try await run(["ban", "192.0.2.7"])
            #expect(refused.status == 5)
            #expect(
                refused.error
                    == "sluice: 192.0.2.7 is on the allow-list (192.0.0.0/16)\n  sluice allow remove 192.0.0.0/16\n"
            )
            #expect(try await run(["protect"]).output.contains("gateway of eth0"))
            #expect(try await run(["allow", "remove", "192.0.0.0/16"]).status == 0)
            #expect(try await run(["ban", "192.0.2.7"]).status == 0)
            #expect(
                try await run(["unban", "192.0.2.7"]).output.hasPrefix(
                    "Lifted the ban on 192.0.2.7 (manual, "))
        }
    }

    @Test("What is protected by name cannot be banned, and what is banned by hand not be protected")
    func protects() async throws {
        try await withAgent { run in
            let added = try await run([
                "protect", "add", "203.0.113.0/24", "2001:db8:7::/48", "--reason", "us",
            ])
            #expect(added.status == 0 && added.output == "2 prefixes are protected.\n")
            let refused = try await run(["ban", "203.0.113.9"])
            #expect(refused.status == 5)
            #expect(refused.error.contains("203.0.113.0/24 is protected by hand (us)"), "\(refused.error)")
            #expect(
                try await run(["protect", "list", "--format", "csv"]).output.contains(
                    "203.0.113.0/24,manual,"))
            #expect(try await run(["ban", "192.0.2.0/24"]).status == 0)
            let contradiction = try await run(["protect", "add", "192.0.2.7"])
            #expect(contradiction.status == 5)
            #expect(
                contradiction.error
                    == "sluice: 192.0.2.7 cannot be protected: 192.0.2.0/24 is banned by hand\n  sluice unban 192.0.2.0/24\n"
            )
            #expect(try await run(["protect", "remove", "203.0.113.0/24"]).status == 0)
            #expect(try await run(["ban", "203.0.113.9"]).status == 0)
        }
    }

    @Test("The allow-list and what is protected are filtered like other lists")
    func filtersEntries() async throws {
        try await withAgent { run async throws in
            for (command, more) in [("allow", 0), ("protect", 1)] {
                #expect(try await run([command, "add", "192.0.2.0/24", "--reason", "us"]).status == 0)
                #expect(try await run([command, "add", "2001:db8::/48"]).status == 0)
                func rows(_ options: String...) async throws -> Int {
                    let list = try await run([command, "list", "--format", "csv"] + options)
                    return list.output.split(separator: "\n").count - 1
                }
                #expect(try await rows() == 2 + more)
                #expect(try await rows("--source", "192.0.2.7") == 1)
                #expect(try await rows("--source", "2001:db8::/32") == 1)
                #expect(try await rows("--limit", "1") == 1)
                #expect(try await rows("--since", "1h") == 2)
                #expect(try await run([command, "list", "--reason", "x"]).output == "Nothing that fits.\n")
                #expect(try await run([command, "remove", "192.0.2.0/24", "2001:db8::/48"]).status == 0)
            }
            #expect(try await run(["allow", "list", "--reason", "us"]).output == "Nothing that fits.\n")
        }
    }

    @Test("A change with --confirm says what to do, is listed, and stays when it is confirmed")
    func confirms() async throws {
        try await withAgent { run in
            let ban = try await run(["ban", "192.0.2.7", "--confirm", "5m"])
            #expect(ban.status == 0 && ban.output.hasPrefix("Banned 192.0.2.7 for "), "\(ban)")
            #expect(ban.output.contains("unless you confirm it: sluice confirm 1\n"))
            #expect(try await run(["bans"]).output.contains(" to confirm "))
            #expect(try await run(["mode", "shadow", "--confirm", "1h"]).output.contains("sluice confirm 2"))
            #expect(try await run(["confirm", "--list"]).output.contains("mode shadow"))
            #expect(try await run(["confirm", "1"]).output == "Confirmed change 1: ban 192.0.2.7.\n")
            #expect(try await run(["bans"]).output.contains("no end"))
            #expect(try await run(["confirm"]).output == "Confirmed change 2: mode shadow.\n")
            #expect(try await run(["confirm", "--list"]).output == "Nothing waits to be confirmed.\n")
            // What is not there cannot be taken off, so nothing is left to confirm.
            #expect(try await run(["unban", "192.0.2.8", "192.0.2.9", "--confirm", "5m"]).status == 4)
            #expect(try await run(["confirm", "--list"]).output == "Nothing waits to be confirmed.\n")
        }
    }

    @Test("Events are told, and filtered")
    func tellsEvents() async throws {
        try await withAgent { run in
            let all = try await run(["events"])
            #expect(
                all.output == """
                    22:13:00.000  BAN 192.0.2.7 until 22:23:20: scan
                    22:13:10.000  MODE enforce (alice (uid 1000))

                    """)
            let one = try await run([
                "events", "--kind", "ban", "--source", "192.0.2.0/24", "--format", "jsonl",
            ])
            #expect(one.output.hasPrefix(#"{"alertID":3,"id":1,"kind":"ban""#))
            #expect(try await run(["events", "--reason", "volume"]).output == "Nothing that fits.\n")
        }
    }

    @Test("Who follows events of an agent that hangs up gets each once, and those at the time of the last")
    func followsEvents() async throws {
        try await withAgent { run in
            let followed = try await run(["events", "--follow"])
            #expect(
                followed.output == """
                    22:13:00.000  BAN 192.0.2.7 until 22:23:20: scan
                    22:13:10.000  MODE enforce (alice (uid 1000))
                    22:13:10.000  STOP at the same time

                    """)
            #expect(followed.status != 0 && followed.error.contains("followed twice only"), "\(followed)")
        }
    }

    @Test("Models are listed, put in use and written to files, and alerts are judged")
    func managesModels() async throws {
        try await withAgent { run in
            let list = try await run(["model", "list"]).output
            #expect(list.contains("challenger (25 % of its trial)") && list.contains("the first"), "\(list)")
            #expect(try await run(["model", "promote", "site-2"]).output == "The model site-2 is in use.\n")
            #expect(try await run(["model", "rollback"]).output == "The model site-1 is in use again.\n")
            let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).safetensors")
            defer { try? FileManager.default.removeItem(at: file) }
            #expect(try await run(["model", "export", "site-1", file.path]).status == 0)
            #expect(try Data(contentsOf: file) == Data([1, 2, 3]))
            #expect(
                try await run(["model", "import", file.path]).output
                    == "The model site-2 will judge beside the one in use, if it finds what that one finds.\n"
            )
            #expect(
                try await run(["feedback", "3", "good"]).output == "Alert 3 on 192.0.2.7 was right.\n")
        }
    }

    @Test("Every command prints the API's document with --format json, and rows with csv and jsonl")
    func printsJSON() async throws {
        try await withAgent { run in
            for (arguments, member) in [
                (["status"], "heartbeatAge"), (["bans"], "bans"), (["allow", "list"], "allowed"),
                (["alerts"], "alerts"),
                (["top"], "entries"), (["flows"], "flows"), (["config"], "settings"),
                (["reload"], "settings"),
                (["protect"], "protected"), (["confirm", "--list"], "pending"),
                (["model", "list"], "models"), (["explain", "192.0.2.7"], "state"),
            ] {
                let outcome = try await run(arguments + ["--format", "json"])
                let object =
                    try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
                #expect(object?[member] != nil, "\(arguments): \(outcome)")
                for format in ["csv", "jsonl"] {
                    let outcome = try await run(arguments + ["--format", format])
                    #expect(outcome.status == 0 && outcome.error.isEmpty)
                }
            }
        }
    }

    /// Arguments, exit code, and what stands in the error.
    static let mistakes: [([String], Int32, String)] = [
        (["ban", "0.0.0.0/0"], 5, "0.0.0.0/0 is too wide for one rule: at most /8"),
        (["ban", "192.168.1.1"], 5, "192.168.1.1 is protected: 192.168.1.1 is gateway of eth0"),
        (["ban", "8.0.0.0/6"], 5, "8.0.0.0/6 is too wide for one rule: at most /8"),
        (["unban", "192.0.2.7"], 4, "192.0.2.7 is not banned"),
        (["allow", "remove", "192.0.2.7"], 4, "192.0.2.7 is not on the allow-list"),
        (["allow", "remove", "192.168.1.1"], 5, "192.168.1.1 is protected: it is gateway of eth0"),
        (
            ["ban", "nonsense"], 64,
            "`nonsense` is neither an address nor a prefix nor a range; expected such as 192.0.2.7"
        ),
        (["ban", "192.0.2.7", "--duration", "10"], 64, "`10` is no duration; expected such as 90s, 10m"),
        (["explain", "192.0.2.0/24"], 64, "`192.0.2.0/24` is a prefix; expected one address"),
        (["alerts", "--since", "yesterday"], 64, "`yesterday` is no time; expected such as 1h (ago)"),
        (["alerts", "--limit", "0"], 64, "`0` is no count; expected a number from 1 to 10000"),
        (
            ["top", "--view", "sourse"], 64,
            "`sourse` is not one of source, destination; did you mean `source`?"
        ),
        (["protect", "add", "0.0.0.0/0"], 5, "0.0.0.0/0 is too wide to be protected: at most /8"),
        (["protect", "remove", "192.168.1.1"], 5, "is protected by the agent itself: it is gateway of eth0"),
        (["protect", "remove", "192.0.2.7"], 4, "192.0.2.7 is not protected by name"),
        (["confirm"], 4, "no change waits to be confirmed"),
        (["confirm", "7"], 4, "no change 7 waits to be confirmed"),
        (["confirm", "seven"], 64, "seven"),
        (["confirm", "7", "--list"], 64, "--list shows all"),
        (["mode", "--confirm", "5m"], 64, "--confirm needs a mode"),
        (["ban", "192.0.2.7", "--confirm", "2d"], 1, "`confirm` must be more than 0 and at most a day"),
        (["events", "--kind", "bam"], 64, "did you mean `ban`?"),
        (["model", "promote", "site-9"], 4, "there is no model site-9"),
        (["model", "import", "/nonexistent"], 1, "nonexistent"),
        (["feedback", "99", "bad"], 4, "there is no alert 99"),
        (["feedback", "3", "god"], 64, "`god` is not one of good, bad; did you mean `good`?"),
        (["top", "--view", "destination", "--source", "10.0.0.0/8"], 64, "--source is for --view source"),
        (["bans", "--sort", "droped"], 64, "did you mean `dropped`?"),
        (["ban"], 64, "name an address, a prefix or a range, or use --from-file"),
        (["ban", "192.0.2.9-192.0.2.7"], 64, "`192.0.2.9-192.0.2.7` is neither"),
        (["ban", "--from-file", "/nonexistent"], 64, "/nonexistent cannot be read: there is no such file"),
        (["ban", "192.0.2.1", "192.168.1.1"], 5, "sluice: 192.168.1.1 is protected"),
        (["bns"], 64, "sluice: there is no command `bns`; did you mean `bans`?"),
        (["alow", "add", "192.0.2.7"], 64, "there is no command `alow`; did you mean `allow`?"),
        (["help", "bns"], 64, "there is no command `bns`; did you mean `bans`?"),
        (["audit", "verify"], 7, "broken at line 2 of 9"),
        (["audit", "--kind", "baan"], 64, "did you mean `ban`?"),
        (["allow", "ad", "192.0.2.7"], 64, "there is no command `allow ad`; did you mean `add`?"),
        (["bans", "--format", "xml"], 64, "`xml` is not one of table, json, jsonl, csv"),
    ]

    @Test("A file that is not there is named, as is why it cannot be read")
    func namesFiles() async throws {
        let outcome = try await sluice(["evaluate", "x.pcap", "--labels", "/nowhere"])
        #expect(outcome.status == 1)
        #expect(outcome.error == "sluice: /nowhere/x.csv: No such file or directory\n")
        let trained = try await sluice(["train", "x.pcap", "--output", "/nowhere/model"])
        #expect(trained.status == 64)
        #expect(trained.error.contains("/nowhere/model cannot be written"), "\(trained.error)")
    }

    @Test("Each mistake has its exit code, and says what was expected", arguments: mistakes)
    func reportsMistakes(_ arguments: [String], _ status: Int32, _ message: String) async throws {
        try await withAgent { run in
            let outcome = try await run(arguments)
            #expect(outcome.status == status)
            #expect(outcome.error.contains(message), "\(outcome.error)")
            #expect(outcome.output.isEmpty)
        }
    }
}

@Suite("Lists in files")
struct FileTests {
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).txt")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        try await body(file.path)
    }

    @Test("Addresses, prefixes and ranges of a file are banned and unbanned; comments and blanks are none")
    func bans() async throws {
        let text = """
            # from the abuse desk
            192.0.2.7
              198.51.100.0/24   # all of it

            2001:db8::5-2001:db8::6\r
            192.0.2.7
            """
        try await withFile(text) { file in
            try await withAgent { run in
                let done = try await run(["ban", "203.0.113.1", "--from-file", file, "--duration", "1h"])
                #expect(done.output == "Banned 5 prefixes for 1h.\n" && done.status == 0)
                let csv = try await run(["bans", "--sort", "prefix", "--format", "csv"]).output
                #expect(
                    csv.split(separator: "\n").dropFirst().map { $0.prefix { $0 != "," } } == [
                        "192.0.2.7", "198.51.100.0/24", "203.0.113.1", "2001:db8::5", "2001:db8::6",
                    ])
                let few = try await run([
                    "bans", "--source", "192.0.0.0/8", "--limit", "1", "--format", "csv",
                ])
                #expect(few.output.split(separator: "\n").count == 2)
                #expect(try await run(["bans", "--reason", "scan"]).output == "Nothing that fits.\n")
                #expect(try await run(["unban", "--from-file", file]).status == 0)
                #expect(
                    try await run(["bans", "--format", "jsonl"]).output.split(separator: "\n").count == 1)
            }
        }
    }

    @Test("Mistakes are all named with their lines, and nothing is done")
    func namesMistakes() async throws {
        try await withFile("192.0.2.7\nnonsense\n\n10.0.0.0/33\n") { file in
            try await withAgent { run in
                let wrong = try await run(["ban", "--from-file", file])
                #expect(wrong.status == 64)
                #expect(wrong.error.contains("\(file):2: `nonsense` is neither"))
                #expect(wrong.error.contains("\n\(file):4: `10.0.0.0/33` is neither"))
                #expect(try await run(["bans"]).output == "Nothing is banned or limited.\n")
            }
        }
        try await withFile("192.0.2.7\n192.168.1.1\n0.0.0.0/0\n") { file in
            try await withAgent { run in
                let refused = try await run(["ban", "--from-file", file])
                #expect(refused.status == 5)
                #expect(
                    refused.error.contains("2 of 3 prefixes are refused\n\(file):2: 192.168.1.1 is protected")
                )
                #expect(refused.error.contains("\n\(file):3: 0.0.0.0/0 is too wide"))
                #expect(try await run(["bans"]).output == "Nothing is banned or limited.\n")
            }
        }
        try await withFile("# nothing\n") { file in
            let empty = try await sluice(["ban", "--from-file", file])
            #expect(empty.status == 64)
        }
    }

    @Test("A long list is refused as a whole, and banned as a whole")
    func bansMany() async throws {
        let many = (0..<9000).map { "10.\($0 / 250).\($0 % 250).1" }
        try await withAgent { run in
            try await withFile((many + ["192.168.1.1"]).joined(separator: "\n")) { file in
                let refused = try await run(["ban", "--from-file", file])
                #expect(
                    refused.status == 5 && refused.error.contains("\(file):9001: 192.168.1.1 is protected"))
                #expect(try await run(["bans", "--limit", "1"]).output == "Nothing is banned or limited.\n")
            }
            try await withFile(many.joined(separator: "\n")) { file in
                let banned = try await run(["ban", "--from-file", file])
                #expect(banned.output == "Banned 9,000 prefixes until `sluice unban`.\n")
                let lifted = try await run(["unban", "--from-file", file])
                #expect(lifted.output == "Lifted 9,000 bans and limits on 9,000 prefixes.\n")
            }
        }
    }

    @Test("What is to be taken off a list and is not there is named, and the rest done: it can be repeated")
    func takesOffTwice() async throws {
        try await withFile("192.0.2.7\n2001:db8::7\n198.51.100.0/24\n") { file in
            try await withAgent { run in
                for (add, remove) in [
                    (["ban"], ["unban"]), (["allow", "add"], ["allow", "remove"]),
                    (["protect", "add"], ["protect", "remove"]),
                ] {
                    #expect(try await run(add + ["192.0.2.7", "198.51.100.0/24"]).status == 0)
                    let first = try await run(remove + ["--from-file", file])
                    #expect(
                        first.status == 0 && first.output.contains("1 was not there: 2001:db8::7\n"),
                        "\(first)")
                    let second = try await run(remove + ["--from-file", file])
                    #expect(second.status == 4 && second.output.isEmpty, "\(second)")
                    #expect(second.error.contains("none of 3 prefixes is there to be taken off"))
                }
            }
        }
    }

    @Test("With --skip-refused the rest is done, and what is left out is named with its reason")
    func skipsRefused() async throws {
        let text = "192.0.2.7\n192.168.1.1\nnonsense\n0.0.0.0/8\n198.51.100.0/24 ; list\n"
        try await withFile(text) { file in
            try await withAgent { run in
                let words = ["ban", "--from-file", file, "--skip-refused"]
                let tried = try await run(words + ["--dry-run"])
                #expect(tried.status == 0)
                #expect(
                    tried.output.hasPrefix(
                        "Nothing is changed (--dry-run). This would be done:\nBanned 2 prefixes"))
                #expect(try await run(["bans"]).output == "Nothing is banned or limited.\n")
                let done = try await run(words)
                #expect(done.status == 0, "\(done)")
                #expect(
                    done.output.hasPrefix(
                        """
                        Banned 2 prefixes until `sluice unban`.
                        3 places were left out:
                          \(file):3: `nonsense` is neither an address nor a prefix nor a range; expected such as
                        """), "\(done.output)")
                #expect(
                    done.output.contains(
                        "\n  \(file):2: 192.168.1.1 is protected: 192.168.1.1 is gateway of eth0\n  \(file):4: 0.0.0.0/8 is protected"
                    ), "\(done.output)")
                let json = try await run(words + ["--format", "json"])
                #expect(
                    json.output.contains("\"refusedCount\" : 2") && json.output.contains("\"mistakes\""),
                    "\(json)")
                let allowed = try await run(["allow", "add", "0.0.0.0/0", "192.0.2.1", "--skip-refused"])
                #expect(
                    allowed.status == 0 && allowed.output.contains("0.0.0.0/0 is wider than /8"), "\(allowed)"
                )
                #expect(
                    try await run(["allow", "list", "--format", "jsonl"]).output.split(separator: "\n").count
                        == 1)
            }
        }
        try await withFile("192.168.1.1\n0.0.0.0/8\n") { file in
            try await withAgent { run in
                let none = try await run(["ban", "--from-file", file, "--skip-refused"])
                #expect(none.status == 5 && none.error.contains("2 of 2 prefixes are refused"), "\(none)")
            }
        }
    }

    @Test(
        "A shorter ban by hand does not shorten a longer one, and says so; who lifts his own does not lift another's"
    )
    func keepsLonger() async throws {
        try await withAgent { run in
            #expect(try await run(["ban", "198.51.100.99", "--reason", "blocklist"]).status == 0)
            let shorter = try await run(["ban", "198.51.100.99", "--duration", "10s", "--reason", "fail2ban"])
            #expect(
                shorter.output.contains("A ban by hand from before lasts longer than that, and holds.")
                    && shorter.output.hasPrefix("Banned 198.51.100.99 until `sluice unban 198.51.100.99`"),
                "\(shorter)")
            let waits = try await run(["ban", "198.51.100.99", "--duration", "10s", "--confirm", "5m"])
            #expect(waits.status == 0 && !waits.output.contains("confirm"), "\(waits)")
            let his = try await run(["unban", "198.51.100.99", "--reason", "fail2ban", "--missing-ok"])
            #expect(his.status == 0 && his.output == "1 was not there: 198.51.100.99\n", "\(his)")
            #expect(try await run(["bans", "--format", "csv"]).output.contains("blocklist"))
            #expect(try await run(["unban", "198.51.100.99", "--reason", "blocklist"]).status == 0)
            #expect(try await run(["bans"]).output == "Nothing is banned or limited.\n")
        }
    }

    @Test("Of what is not there, nothing can be taken off, which scripts may take for done")
    func missing() async throws {
        try await withAgent { run in
            for words in [["unban"], ["allow", "remove"], ["protect", "remove"]] {
                let error = try await run(words + ["198.51.100.99"])
                #expect(error.status == 4, "\(error)")
                let fine = try await run(words + ["198.51.100.99", "2001:db8::9", "--missing-ok"])
                #expect(
                    fine.status == 0 && fine.output.contains("2 were not there: 198.51.100.99, 2001:db8::9"),
                    "\(fine)")
            }
            #expect(try await run(["ban", "198.51.100.99"]).status == 0)
            let tried = try await run(["unban", "198.51.100.99", "--dry-run"])
            #expect(
                tried.status == 0 && tried.output.contains("\nLifted the ban on 198.51.100.99"), "\(tried)")
            #expect(try await run(["unban", "198.51.100.99"]).status == 0)
        }
    }

    @Test(
        "A list that the kernel has no room for is refused as a whole, and so is one that is too long to be sent"
    )
    func fitsOrNot() async throws {
        let many = (0..<9000).map { "10.\($0 / 250).\($0 % 250).1" }
        try await withFile(many.joined(separator: "\n")) { file in
            try await withAgent { run in
                let outcome = try await run(["allow", "add", "--from-file", file])
                #expect(outcome.status == 5 && outcome.error.contains("no room for more than 6000"))
                #expect(try await run(["allow", "list"]).output == "The allow-list is empty.\n")
                let tooLong = try await run(["ban", "10.0.0.0-10.255.255.254", "--from-file", file])
                #expect(tooLong.status == 0, "a range is a few prefixes: \(tooLong)")
            }
        }
        let far = (0...ListLimits.prefixes).map { "10.\($0 / 65536).\($0 / 256 % 256).\($0 % 256)" }
        try await withFile(far.joined(separator: "\n")) { file in
            let tooLong = try await sluice(["ban", "--from-file", file])
            #expect(tooLong.status == 64)
            #expect(tooLong.error.contains("100,001 prefixes are more than 100,000"), "\(tooLong.error)")
        }
    }
}

@Suite("Commands without an agent")
struct LonelyCommandTests {
    @Test("Where no agent answers, the socket that was tried is named, and how to start one")
    func findsNobody() async throws {
        let outcome = try await sluice(["status", "--socket", "/nonexistent/s.sock"])
        #expect(outcome.status == 3)
        #expect(
            outcome.error == """
                sluice: no agent answers at /nonexistent/s.sock
                  Start one with `sudo sluice run --interface NAME`, or name its socket with --socket.

                """)
    }

    @Test("What answers but is no agent is told as such")
    func findsStranger() async throws {
        let outcome = try await sluice(["status", "--socket", "/dev/null"])
        #expect(outcome.status == 3)
        #expect(outcome.error.hasPrefix("sluice: "))
    }

    @Test("check tells a correct file from one with mistakes, in text and in JSON")
    func checks() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("mode: enforce\n".utf8).write(to: file)
        let correct = try await sluice(["check", file.path])
        #expect(correct.status == 0 && correct.output == "\(file.path): correct\n")
        try Data("mode: enforce\ntypo: 1\n  bad\n".utf8).write(to: file)
        #expect(try await sluice(["check", file.path]).status == 2)
        try Data("mode: enforced\nbans: {duraton: 1m}\n".utf8).write(to: file)
        let wrong = try await sluice(["check", file.path])
        #expect(wrong.status == 2)
        #expect(wrong.error.contains("\(file.path):1:7: mode must be one of"))
        #expect(
            wrong.error.contains("\(file.path):2:8: unknown key `bans.duraton`; did you mean `duration`?"))
        let json = try await sluice(["check", file.path, "--format", "json"])
        #expect(json.status == 2 && json.output.contains(#""column" : 8"#))
    }

    @Test("config --default prints a file that check accepts, and config --config where each value is from")
    func printsConfiguration() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(try await sluice(["config", "--default"]).output.utf8).write(to: file)
        #expect(try await sluice(["check", file.path]).status == 0)
        #expect(try await sluice(["check"]).status == 64)
        let csv = try await sluice(["config", "--config", file.path, "--format", "csv"]).output
        #expect(csv.hasPrefix("key,value,origin,isReloadable\ninterfaces,[],file \(file.path):"))
        #expect(csv.contains("\nmode,shadow,file \(file.path):"))
        #expect(try await sluice(["config", "--schema", "--default"]).status == 64)
        #expect(try await sluice(["config", "--config", "/nonexistent"]).status == 2)
    }

    @Test("The version and the exit codes are documented")
    func documentsItself() async throws {
        #expect(try await sluice(["--version"]).output == "sluice \(Version.current)\n")
        let help = try await sluice(["--help"]).output
        for line in ["3   no agent answers", "64  wrong usage", "explain"] { #expect(help.contains(line)) }
    }
}
