import API
import Control
import Foundation
import Glibc
import Testing

@Suite("Who may do what", .enabled(if: geteuid() == 0, "only root can ask as somebody else"))
struct AccessTests {
    /// The groups of the configuration, the caller's, and what they get for asking and for changing.
    static let cases: [(readers: UInt32?, writers: UInt32?, groups: [Int], get: Int, post: Int)] = [
        (4001, 4002, [4001], 200, 403),
        (4001, 4002, [4002], 200, 201),
        (4001, 4002, [4001, 4002], 200, 201),
        (4001, 4002, [4003], 403, 403),
        (4001, 4002, [], 403, 403),
        (nil, 4002, [4002], 200, 201),
        (4001, nil, [4001], 200, 403),
        (4001, 4001, [4001], 200, 201),
    ]

    @Test("Readers may ask, writers may change too, others nothing", arguments: cases)
    func checksGroups(_ example: (readers: UInt32?, writers: UInt32?, groups: [Int], get: Int, post: Int))
        async throws
    {
        let access = ControlAccess(readers: example.readers, writers: example.writers)
        try await withServer(access: access) { socket, client in
            let base = "http://localhost/v1"
            let asked = try await curl(socket, ["\(base)/status"], user: 4444, groups: example.groups)
            #expect(asked.status == example.get, "\(asked.body)")
            let ban = ["\(base)/bans", "-d", #"{"prefixes":["192.0.2.7"]}"#]
            let changed = try await curl(socket, ban, user: 4444, groups: example.groups)
            #expect(changed.status == example.post, "\(changed.body)")
            if changed.status == 403 { #expect(changed.body.contains("uid 4444 may ")) }
            // Root is above all groups.
            #expect(try await curl(socket, ban).status == 201)
        }
    }

    @Test("Without groups, others cannot even connect")
    func keepsOthersOut() async throws {
        try await withServer { socket, _ in
            let answer = try await curl(socket, ["http://localhost/v1/status"], user: 4444)
            #expect(answer.status == 0)
        }
    }

    @Test("The service is told who asks, as the kernel knows them")
    func namesCaller() async throws {
        let service = StubService()
        try await withServer(service, access: ControlAccess(readers: 4001)) { socket, client in
            _ = try await client.status()
            _ = try await curl(socket, ["http://localhost/v1/status"], user: 4444, groups: [4001])
            _ = try await curl(socket, ["http://localhost/v1/status"], user: 65534, groups: [4001])
        }
        let callers = await service.callers
        #expect(callers.map(\.name) == ["root (uid 0)", "uid 4444", "nobody (uid 65534)"])
        #expect(callers.first?.process == getpid())
        #expect(callers.last?.groups == [65534, 4001])
    }

    @Test("One user cannot hold all connections")
    func limitsConnections() async throws {
        let service = StubService()
        try await withServer(service, access: ControlAccess(readers: 4001)) { socket, client in
            await service.wait(.seconds(2))
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try await curl(socket, ["http://localhost/v1/bans"], user: 4444, groups: [4001])
                            .status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 200 } == 8)
            #expect(statuses.count { $0 == 503 } == 4)
        }
    }

    @Test("Who may do nothing cannot keep root out, however many connections he holds")
    func keepsNobodyOut() async throws {
        let script = """
            import socket, sys, time
            held = []
            for _ in range(900):
                end = socket.socket(socket.AF_UNIX)
                end.settimeout(1)
                try:
                    end.connect(sys.argv[1])
                    held.append(end)
                except OSError:
                    pass
            sys.stdout.write("held")
            sys.stdout.flush()
            time.sleep(60)
            """
        try await withServer(access: ControlAccess(readers: 4001)) { socket, client in
            let (process, output) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "setpriv", "--reuid=4444", "--regid=4444", "--clear-groups", "/usr/bin/python3", "-c", script,
                socket,
            ]
            process.standardOutput = output
            try process.run()
            defer { process.terminate() }
            for _ in 0..<20 { _ = try await client.status() }
            let end = output.fileHandleForReading
            let said = await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: end.availableData) }
            }
            #expect(String(decoding: said, as: UTF8.self) == "held")
            for _ in 0..<20 { _ = try await client.status() }
        }
    }

    @Test("A group that there is not is named")
    func knowsGroups() throws {
        #expect(try ControlAccess.group(named: "root") == 0)
        #expect(try ControlAccess.group(named: "4711") == 4711)
        let error = #expect(throws: ControlError.self) { try ControlAccess.group(named: "no-such-group") }
        #expect(error?.message == "there is no group `no-such-group`")
    }
}
