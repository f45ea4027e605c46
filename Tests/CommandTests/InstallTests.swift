import Foundation
import Testing

@Suite("Installation")
struct InstallTests {
    private func run(_ command: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("Program, completions, manual and unit land below DESTDIR and PREFIX, and can be used")
    func installs() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
            .path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0]).deletingLastPathComponent()
            .appending(path: "sluice").path
        let made = try run("DESTDIR='\(folder)' PREFIX=/usr/other '\(root)/scripts/install' '\(program)'")
        #expect(made.status == 0, "\(made.output)")
        let prefix = folder + "/usr/other"
        for check in [
            "\(prefix)/sbin/sluice --version",
            "bash -n \(prefix)/share/bash-completion/completions/sluice",
            "zsh -n \(prefix)/share/zsh/vendor-completions/_sluice",
            "fish --no-execute \(prefix)/share/fish/vendor_completions.d/sluice.fish",
            "test -f \(prefix)/share/man/man8/sluice-allow-add.8",
            "grep -q '^ExecStart=/usr/other/sbin/sluice run' \(prefix)/lib/systemd/system/sluice.service",
        ] {
            let result = try run(check)
            #expect(result.status == 0, "\(check): \(result.output)")
        }
        // groff says what it does not understand on standard error.
        let pages = try run("groff -man -Tutf8 -ww -z \(prefix)/share/man/man8/*.8")
        #expect(pages.status == 0 && pages.output.isEmpty, "\(pages.output)")
        let page = try run("groff -man -Tascii -P-cbou \(prefix)/share/man/man8/sluice-ban.8").output
        #expect(page.contains("--from-file") && page.contains("Drop every packet from a source"))
    }
}
