import API
import Agent
import Foundation
import Policy
import Terminal
import Testing
import Traffic

@testable import sluice

@Suite("The live view")
struct TopTests {
    private func shown(_ tab: TopModel.Tab = .sources, width: Int = 80, height: Int = 24) -> TopModel {
        var model = TopModel(tab: tab)
        model.resize(width: width, height: height)
        model.take(answer(tab))
        return model
    }

    private func answer(_ tab: TopModel.Tab) -> TopModel.Answer {
        TopModel.Answer(
            tab: tab, status: Samples.status, sources: Samples.top, flows: Samples.flows,
            bans: [Samples.ban, Samples.manual].map(BanReport.init))
    }

    private func text(_ model: TopModel) -> [String] { model.lines(isColoured: false, at: Samples.now) }

    @Test("It shows rates, the list with the row that is pointed at, and the keys")
    func shows() {
        let lines = text(shown())
        #expect(lines.count == 24)
        #expect(lines[0].hasPrefix("Sluice shadow  1,234 packets/s  1.2 MB/s  dropping 12/s  3 bans  ▁"))
        #expect(lines[1] == "[1 sources] 2 destinations  3 flows  4 bans   by packets")
        #expect(lines[3].hasPrefix("  WHO                PACKETS/S"))
        #expect(lines[4].hasPrefix("> 192.0.2.7") && lines[5].hasPrefix("  2001:db8:1:2::/64"))
        #expect(lines[23] == "tab view  s sort  b ban  u unban  a allow  e explain  q quit")
    }

    @Test("It fits every screen", arguments: [(20, 6), (40, 10), (80, 24), (200, 60)])
    func fits(_ width: Int, _ height: Int) {
        for tab in TopModel.Tab.allCases {
            let lines = text(shown(tab, width: width, height: height))
            #expect(lines.count == height)
            if width >= 80 { #expect(lines.allSatisfy { $0.count <= width }) }
        }
    }

    @Test("A ban, an unban and an allow are done after a question, and only on y")
    func asks() throws {
        for (key, action) in [("b", TopModel.Action.ban), ("u", .unban), ("a", .allow)] {
            var model = shown()
            #expect(model.press(.down) == nil)
            #expect(model.press(.character(Character(key))) == nil)
            #expect(text(model)[23] == "\(action.rawValue) 2001:db8:1:2::/64? y / n")
            #expect(model.press(.character("y")) == .act(action, Samples.network))
            #expect(model.press(.character(Character(key))) == nil)
            #expect(model.press(.character("n")) == nil)
            #expect(text(model)[23] == "Not done.")
        }
    }

    @Test("Tabs and orders are asked for, an answer that comes too late is not shown, and the ends are ends")
    func moves() {
        var model = shown()
        #expect(model.press(.tab) == .ask && model.tab == .destinations && model.answer == nil)
        model.take(answer(.sources))
        #expect(model.answer == nil)
        #expect(model.press(.character("4")) == .ask && model.wish.sort == "since")
        #expect(model.press(.character("s")) == .ask && model.wish.sort == "expires")
        model.take(answer(.bans))
        for _ in 0..<10 { _ = model.press(.down) }
        #expect(model.press(.enter) == .act(.explain, Samples.network))
        for _ in 0..<10 { _ = model.press(.up) }
        #expect(model.press(.character("e")) == .act(.explain, Samples.scanner))
        #expect(model.press(.backTab) == .ask && model.tab == .flows)
        #expect(model.press(.character("b")) == nil && model.pending == nil)
        #expect(model.press(.interrupt) == .quit && model.press(.character("q")) == .quit)
    }

    @Test("An explanation covers the list until a key is pressed")
    func explains() {
        var model = shown()
        model.show(page: "192.0.2.7 is blocked.\nwhy")
        #expect(text(model)[3] == "192.0.2.7 is blocked." && text(model)[23] == "any key: back")
        #expect(model.press(.character("q")) == nil)
        #expect(text(model)[4].hasPrefix("> 192.0.2.7"))
    }
}

@Suite("The live view in a terminal", .serialized)
struct TopTerminalTests {
    private func tmux(_ name: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // `Process` waits until nobody has its descriptors, and hands on which signals are blocked: the server that
        // tmux starts would hold the ones, and never end for the others.
        let closing = """
            import signal, subprocess, sys
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            sys.exit(subprocess.run(sys.argv[1:]).returncode)
            """
        process.arguments = ["python3", "-c", closing, "tmux", "-L", name] + arguments
        process.environment = ["TERM": "xterm", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"]
        let file = FileManager.default.temporaryDirectory.appending(path: "tmux-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        process.standardOutput = try FileHandle(forWritingTo: file)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// Runs `body` with a function that waits until the terminal shows something.
    private func withTerminal(
        _ body: (_ keys: (String) throws -> Void, _ shows: (String) async throws -> Bool, _ process: String)
            async throws -> Void
    ) async throws {
        let name = "sluice-\(UUID().uuidString.prefix(8))"
        defer { _ = try? tmux(name, ["kill-server"]) }
        try await withSocket { socket in
            let program = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
                .deletingLastPathComponent().appending(path: "sluice").path
            _ = try tmux(name, ["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh"])
            func keys(_ words: String) throws { _ = try tmux(name, ["send-keys", words]) }
            func shows(_ text: String) async throws -> Bool {
                for _ in 0..<200 {
                    if try tmux(name, ["capture-pane", "-p"]).contains(text) { return true }
                    try await Task.sleep(for: .milliseconds(50))
                }
                return false
            }
            try keys("PS1='ready> '; clear")
            try keys("Enter")
            #expect(try await shows("ready>"))
            try keys("\(program) top --socket \(socket); stty -a | grep -q ' echo ' && echo re''stored")
            try keys("Enter")
            try await body(keys, shows, name)
        }
    }

    @Test("It is drawn, changes its list, bans after y, follows a resize, and gives the terminal back")
    func lives() async throws {
        try await withTerminal { keys, shows, name in
            #expect(try await shows("> 192.0.2.7"))
            try keys("b")
            #expect(try await shows("ban 192.0.2.7? y / n"))
            try keys("y")
            #expect(try await shows("Banned 192.0.2.7."))
            try keys("4")
            #expect(try await shows("[4 bans]"))
            #expect(try await shows("> 192.0.2.7"))
            _ = try tmux(name, ["resize-window", "-x", "60", "-y", "12"])
            #expect(try await shows("s sort  b ban"))
            try keys("q")
            #expect(try await shows("restored"))
            let left = try tmux(name, ["capture-pane", "-p"])
            #expect(!left.contains("[4 bans]"))
        }
    }

    @Test("Ctrl-C and SIGTERM give the terminal back too")
    func ends() async throws {
        for end in ["C-c", "TERM"] {
            try await withTerminal { keys, shows, name in
                #expect(try await shows("> 192.0.2.7"))
                if end == "TERM" {
                    let shell = try tmux(name, ["display-message", "-p", "#{pane_pid}"])
                        .trimmingCharacters(in: .whitespacesAndNewlines)
                    let kill = Process()
                    kill.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                    kill.arguments = ["pkill", "-TERM", "-P", shell]
                    try kill.run()
                    kill.waitUntilExit()
                } else {
                    try keys(end)
                }
                #expect(try await shows("restored"))
            }
        }
    }
}
