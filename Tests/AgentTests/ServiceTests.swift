import CTestSupport
import Foundation
import Glibc
import Testing

extension EndToEnd {
    @Suite("As a service")
    struct ServiceTests {
        @Test(
            "systemd hears that the agent is ready, then of each turn, nothing while it hangs, and that it stops"
        )
        func signsOfLife() async throws {
            try await withSite { site in
                let manager = try DatagramSocket(path: site.folder.appending(path: "notify").path)
                let agent = try await RunningAgent(
                    site, environment: ["NOTIFY_SOCKET=\(manager.path)", "WATCHDOG_USEC=400000"])
                var heard: [String] = []
                #expect(
                    await eventually {
                        heard += manager.received()
                        return heard.count >= 5
                    }, "\(heard)")
                #expect(heard.first == "READY=1")
                #expect(Set(heard.dropFirst()) == ["WATCHDOG=1"])

                agent.program.signal(SIGSTOP)
                // One may have been under way.
                try await Task.sleep(for: .milliseconds(300))
                _ = manager.received()
                try await Task.sleep(for: .seconds(1))
                #expect(manager.received() == [])
                agent.program.signal(SIGCONT)
                #expect(await eventually { manager.received().contains("WATCHDOG=1") })

                #expect(try await agent.stop().status == 0)
                #expect(manager.received().last == "STOPPING=1")
            }
        }

        @Test(
            "With its program loaded, no thread of the agent can load another, execute anything, or open a connection"
        )
        func confined() async throws {
            #expect(test_confined() == 0b111_1111)
            try await withSite { site in
                let agent = try await RunningAgent(site)
                let tasks = URL(filePath: "/proc/\(agent.program.pid)/task")
                let threads = try FileManager.default.contentsOfDirectory(atPath: tasks.path)
                #expect(threads.count > 1)
                for thread in threads {
                    let status = try String(
                        contentsOf: tasks.appending(path: "\(thread)/status"), encoding: .utf8)
                    func field(_ name: String) -> String? {
                        status.split(separator: "\n").first { $0.hasPrefix("\(name):") }
                            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
                    }
                    #expect(field("Seccomp") == "2")
                    #expect(field("NoNewPrivs") == "1")
                    let held = try #require(field("CapPrm").flatMap { UInt64($0, radix: 16) })
                    let (performance, trace, modules, raw) = (UInt64(38), UInt64(19), UInt64(16), UInt64(13))
                    for gone in [performance, trace, modules, raw] { #expect(held >> gone & 1 == 0) }
                    let (bpf, network) = (UInt64(39), UInt64(12))
                    for needed in [bpf, network] { #expect(held >> needed & 1 == 1) }
                }
                #expect(!agent.program.text.contains("cannot give up"))
                #expect(try await agent.stop().status == 0)
            }
        }
    }
}

/// A Unix socket that datagrams arrive at.
private final class DatagramSocket {
    let path: String
    private let descriptor: CInt

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, bound == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EINVAL)
        }
    }

    deinit { close(descriptor) }

    /// What has arrived since it was asked last.
    func received() -> [String] {
        var result: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while true {
            let length = unsafe recv(descriptor, &buffer, buffer.count, 0)
            guard length > 0 else { return result }
            result.append(String(decoding: buffer[..<length], as: UTF8.self))
        }
    }
}
