import Control
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
            #expect(try await run(["allow"]).output.contains("gateway of eth0"))
            #expect(try await run(["allow", "remove", "192.0.0.0/16"]).status == 0)
            #expect(try await run(["ban", "192.0.2.7"]).status == 0)
            #expect(
                try await run(["unban", "192.0.2.7"]).output.hasPrefix(
                    "Lifted the ban on 192.0.2.7 (manual, "))
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
                    == "The model site-2 judges beside the one in use, for its trial.\n")
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
                (["top"], "entries"), (["model", "list"], "models"), (["explain", "192.0.2.7"], "state"),
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
            "`nonsense` is neither an address nor a prefix; expected such as 192.0.2.7"
        ),
        (["ban", "192.0.2.7", "--duration", "10"], 64, "`10` is no duration; expected such as 90s, 10m"),
        (["explain", "192.0.2.0/24"], 64, "`192.0.2.0/24` is a prefix; expected one address"),
        (["alerts", "--since", "yesterday"], 64, "`yesterday` is no time; expected such as 1h (ago)"),
        (["alerts", "--limit", "0"], 64, "`0` is no count; expected a number from 1 to 10000"),
        (
            ["top", "--view", "sourse"], 64,
            "`sourse` is not one of source, destination; did you mean `source`?"
        ),
        (["model", "promote", "site-9"], 4, "there is no model site-9"),
        (["model", "import", "/nonexistent"], 1, "nonexistent"),
        (["feedback", "99", "bad"], 4, "there is no alert 99"),
        (["feedback", "3", "god"], 64, "`god` is not one of good, bad; did you mean `good`?"),
        (["bns"], 64, "sluice: there is no command `bns`; did you mean `bans`?"),
        (["alow", "add", "192.0.2.7"], 64, "there is no command `alow`; did you mean `allow`?"),
        (["allow", "ad", "192.0.2.7"], 64, "there is no command `allow ad`; did you mean `add`?"),
        (["bans", "--format", "xml"], 64, "`xml` is not one of table, json, jsonl, csv"),
    ]

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

    @Test("check --print prints a file that check accepts")
    func prints() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(try await sluice(["check", "--print"]).output.utf8).write(to: file)
        #expect(try await sluice(["check", file.path]).status == 0)
        #expect(try await sluice(["check"]).status == 64)
    }

    @Test("The version and the exit codes are documented")
    func documentsItself() async throws {
        #expect(try await sluice(["--version"]).output == "sluice \(Version.current)\n")
        let help = try await sluice(["--help"]).output
        for line in ["3   no agent answers", "64  wrong usage", "explain"] { #expect(help.contains(line)) }
    }
}
