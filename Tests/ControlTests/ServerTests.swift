import Control
import Detection
import Features
import FlyingSocks
import Foundation
import Glibc
import Policy
import Testing
import Traffic

@Suite("The control socket")
struct ServerTests {
    @Test("The client gets what the service says, and the service what the client asks for")
    func roundTrip() async throws {
        let service = StubService()
        try await withServer(service) { _, client in
            let prefix = try #require(Prefix("2001:db8::/32"))
            #expect(try await client.status() == service.status())
            _ = try await client.bans()
            let ban = try await client.ban(BanRequest(prefix: prefix, duration: 90, reason: "a \"reason\"/ü"))
            #expect(ban.expires == StubService.time + .milliseconds(1500))
            #expect(try await client.unban(prefix).map(\.prefix) == [prefix])
            _ = try await client.allowed()
            #expect(try await client.allow(AllowRequest(prefix: prefix)).lifted == [prefix])
            #expect(try await client.disallow(prefix).prefix == prefix)
            _ = try await client.unban(prefix, confirm: 90)
            _ = try await client.disallow(prefix, confirm: 0.5)
            _ = try await client.protected()
            #expect(try await client.protect(ProtectRequest(prefix: prefix, reason: "us")).lifted == [prefix])
            #expect(try await client.unprotect(prefix).origin == "manual")
            #expect(try await client.pending().map(\.summary) == ["mode enforce"])
            #expect(try await client.confirm(ConfirmRequest(changes: [3])).map(\.id) == [3])
            _ = try await client.events(
                EventQuery(since: StubService.time, source: prefix, reason: "scan", kind: .end, limit: 4))
            _ = try await client.alerts(since: StubService.time, limit: 5)
            _ = try await client.alerts(since: nil, limit: 6)
            #expect(try await client.explain(try #require(Address("2001:db8::7"))).state == .passing)
            _ = try await client.top(TopQuery(view: .destination, limit: 3, order: .score))
            _ = try await client.top(TopQuery(source: prefix))
            _ = try await client.bans(
                BanQuery(
                    since: StubService.time, source: prefix, reason: "s&n, =ü", limit: 2, order: .lastHit))
            let batch = BatchRequest(action: .unban, prefixes: [prefix, Prefix(prefix.address)])
            #expect(try await client.batch(batch).count == 2)
            _ = try await client.flows(FlowQuery(source: prefix, limit: 4, order: .bytes))
            #expect(try await client.settings() == SettingList(settings: [], hash: "ab"))
            #expect(try await client.reload().map(\.value) == ["limit"])
            #expect(try await client.models().map(\.id) == ["site-1"])
            #expect(try await client.model("a b/c").data == Data([1, 2, 3]))
            _ = try await client.promote(PromotionRequest(id: nil))
            _ = try await client.challenge(ModelDocument(data: Data([7, 7])))
            _ = try await client.report(since: StubService.time)
            _ = try await client.report(since: nil)
            _ = try await client.audit(AuditQuery(limit: 7))
            _ = try await client.audit(
                AuditQuery(since: StubService.time, source: prefix, reason: "s&n", kind: .ban, limit: 8))
            var parts: [Int64] = []
            let verdict = try await client.verifyAudit { parts.append($0.last) }
            #expect(parts == [3, 6])
            #expect(verdict == AuditVerdict(lines: 9, last: 9, head: "09", newest: 9))
            #expect(try await client.keys() == ModelKeys(own: "ab", trusted: ["cd"]))
            await #expect(throws: ControlError.self) {
                try await client.judge(alert: 5, FeedbackRequest(feedback: "bad"))
            }
        }
        #expect(
            await service.calls.filter { $0 != "status" } == [
                "bans - - - - since", "ban 2001:db8::/32 90.0 a \"reason\"/ü", "unban 2001:db8::/32",
                "allowed",
                "allow 2001:db8::/32 0.0 -", "disallow 2001:db8::/32", "unban 2001:db8::/32 within 90.0",
                "disallow 2001:db8::/32 within 0.5", "protected", "protect 2001:db8::/32 us",
                "unprotect 2001:db8::/32", "pending", "confirm [3]",
                "events 2023-11-14T22:13:20.250Z 2001:db8::/32 scan end 4",
                "alerts 2023-11-14T22:13:20.250Z - - 5 time",
                "alerts - - - 6 time", "explain 2001:db8::7", "top destination - 3 score",
                "top source 2001:db8::/32 20 packets",
                "bans 2023-11-14T22:13:20.250Z 2001:db8::/32 s&n, =ü 2 lastHit",
                "batch unban 2001:db8::/32,2001:db8::", "flows 2001:db8::/32 4 bytes", "settings", "reload",
                "models", "model a b/c",
                "promote -",
                "challenge 2", "report 2023-11-14T22:13:20.250Z", "report -", "audit - - - - 7",
                "audit 2023-11-14T22:13:20.250Z 2001:db8::/32 s&n ban 8", "verify -", "verify 3 03",
                "verify 6 06",
                "keys", "judge 5 bad",
            ])
    }

    @Test("Events come line by line as they happen, and the reader learns that the agent has stopped")
    func streams() async throws {
        let service = StubService()
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: EventReport.self)
        await service.follow(stream)
        try await withServer(service) { socket, client in
            let prefix = try #require(Prefix("2001:db8::/32"))
            let query = EventQuery(source: prefix, kind: .ban, limit: 3)
            var reader = try await client.followEvents(query).makeAsyncIterator()
            for number in 1...3 {
                let event = EventReport(
                    id: Int64(number), time: StubService.time, kind: .ban, text: "ü\n\(number)")
                continuation.yield(event)
                #expect(try await reader.next() == event)
            }
            continuation.finish()
            await #expect(throws: AgentUnreachable(socket: socket, reason: .ended)) {
                try await reader.next()
            }
            await service.fail(with: ControlError(.unavailable, "too many"))
            var refused = try await client.followEvents(query).makeAsyncIterator()
            await #expect(throws: ControlError(.unavailable, "too many")) { try await refused.next() }
        }
        #expect(await service.calls.first == "follow - 2001:db8::/32 - ban 3")
    }

    @Test("A follower who goes without a word is let go, though nothing happens")
    func forgetsFollowers() async throws {
        let service = StubService()
        let (gone, left) = AsyncStream.makeStream(of: Void.self)
        let stream = AsyncThrowingStream<EventReport, any Error> { continuation in
            continuation.onTermination = { _ in left.finish() }
        }
        await service.follow(stream)
        try await withServer(service) { path, _ in
            let socket = try await AsyncSocket.connected(to: .unix(path: path))
            try await socket.write(Data("GET /v1/events/stream HTTP/1.1\r\n\r\n".utf8))
            let head = String(decoding: try await socket.read(atMost: 4096), as: UTF8.self)
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && !head.contains("Content-Length"))
            try socket.close()
            for await _ in gone {}
        }
    }

    @Test("Errors of the service come out at the client as they went in")
    func carriesErrors() async throws {
        let service = StubService()
        try await withServer(service) { _, client in
            for code in [ControlError.Code.invalid, .notFound, .refused, .failed, .unavailable] {
                let error = ControlError(code, "it is so", hint: "do that")
                await service.fail(with: error)
                await #expect(throws: error) { try await client.bans() }
            }
            await service.fail(with: CancellationError())
            await #expect(throws: ControlError.self) { try await client.bans() }
        }
    }

    @Test("curl works: documents, errors, metrics")
    func answersCurl() async throws {
        try await withServer { socket, _ in
            let base = "http://localhost/v1"
            let ban = try await curl(
                socket, ["\(base)/bans", "-d", #"{"prefix":"192.0.2.0/24","duration":60}"#])
            #expect(ban.status == 201)
            #expect(
                ban.body == """
                    {"action":"ban","dropped":{"bytes":0,"packets":0},"expires":"2023-11-14T22:13:21.750Z",\
                    "isShadowed":false,"origin":"manual","prefix":"192.0.2.0/24","reason":"manual","ruleID":7,\
                    "since":"2023-11-14T22:13:20.250Z","summary":"banned by hand"}
                    """)
            let metrics = try await curl(socket, ["\(base)/metrics"])
            #expect(metrics.status == 200)
            #expect(metrics.body.contains("\nsluice_packets_total{part=\"flow\"} 990\n"))
            #expect(metrics.body.contains("\nsluice_coverage_ratio 0.99\n"))
            #expect(metrics.body.contains("\nsluice_coverage_lowest_ratio 0.99\n"))
            for sample in ["{reason=\"header_length\"} 3", "{reason=\"short\"} 0"] {
                #expect(metrics.body.contains("\nsluice_malformed_packets_total\(sample)\n"))
            }
            #expect(metrics.body.contains("\nsluice_kernel_memory_bytes 42500000"))
            #expect(metrics.body.contains(#"model="ae-\"1\"","#))
            for path in ["bans/192.0.2.0%2F24", "bans/192.0.2.0/24", "allow/192.0.2.0%2f24"] {
                #expect(try await curl(socket, ["-X", "DELETE", "\(base)/\(path)"]).status == 200)
            }
        }
    }

    /// Arguments of curl behind the address, the status, and a part of the message.
    static let mistakes: [([String], Int, String)] = [
        (["/v2/status"], 404, "no such path: /v2/status"),
        (["/v1/nothing"], 404, "expected /v1/ and one of"),
        (["/v1/status/more"], 404, "no such path"),
        (["/"], 404, "no such path"),
        (["/v1/status", "-X", "POST"], 405, "POST is not possible here"),
        (["/v1/metrics", "-X", "DELETE"], 405, "DELETE is not possible here"),
        (["/v1/status?x=1"], 400, "unknown parameter `x`"),
        (["/v1/alerts?limit=0"], 400, "`limit` must be a number from 1 to 10000"),
        (["/v1/alerts?since=yesterday"], 400, "`since` must be a time"),
        (["/v1/top?view=up"], 400, "`view` must be one of source, destination"),
        (["/v1/top?view=destination&source=10.0.0.0/8"], 400, "`source` is for the view of sources"),
        (["/v1/bans?sort=size"], 400, "`sort` must be one of since, expires, dropped, lastHit"),
        (["/v1/bans?source=10.0.0.0/99"], 400, "`10.0.0.0/99` is neither an address nor a prefix"),
        (
            ["/v1/batch", "-d", #"{"action":"ban","prefixes":[]}"#], 400,
            "`prefixes` must be a list of 1 to 4000"
        ),
        (["/v1/batch", "-d", #"{"action":"erase","prefixes":["192.0.2.7"]}"#], 400, "`action`"),
        (["/v1/events?kind=bam"], 400, "`kind` must be one of alert, ban, limit"),
        (["/v1/events/stream?source=x"], 400, "`x` is neither an address nor a prefix"),
        (["/v1/bans/192.0.2.7?confirm=soon", "-X", "DELETE"], 400, "`confirm` must be a number of seconds"),
        (["/v1/allow/192.0.2.7?confirm=nan", "-X", "DELETE"], 400, "`confirm` must be more than 0"),
        (["/v1/mode", "-d", #"{"mode":"shadow","confirm":90000}"#], 400, "`confirm` must be more than 0"),
        (["/v1/confirm", "-d", #"{"changes":"all"}"#], 400, "`changes` must be of type"),
        (["/v1/protect", "-d", #"{"prefix":"10.0.0.0/8","duration":5}"#], 400, "unknown member `duration`"),
        (
            ["/v1/batch", "-d", #"{"action":"protect","prefixes":["192.0.2.7"],"confirm":5}"#], 400,
            "`confirm` is not for `protect`"
        ),
        (["/v1/explain"], 400, "`address` is missing"),
        (["/v1/explain?address=10.0.0.0/8"], 400, "`10.0.0.0/8` is not an address"),
        (["/v1/bans/nonsense", "-X", "DELETE"], 400, "`nonsense` is neither an address nor a prefix"),
        (["/v1/bans", "-d", "{"], 400, "not valid JSON"),
        (["/v1/bans", "-d", "[]"], 400, "must be of type"),
        (["/v1/bans", "-d", "{}"], 400, "`prefix` is missing"),
        (["/v1/bans", "-d", #"{"prefix":"10.0.0.0/99"}"#], 400, "`prefix`: expected an address or a prefix"),
        (["/v1/bans", "-d", #"{"prefix":"10.0.0.1","duraton":5}"#], 400, "unknown member `duraton`"),
        (["/v1/bans", "-d", #"{"prefix":"10.0.0.1","duration":-1}"#], 400, "`duration` must be more than 0"),
        (
            ["/v1/bans", "-d", #"{"prefix":"10.0.0.1","duration":1e300}"#], 400,
            "`duration` must be more than 0"
        ),
        (
            ["/v1/bans", "-d", #"{"prefix":"10.0.0.1","duration":"5m"}"#], 400,
            "`duration` must be of type Double"
        ),
        (["/v1/bans", "-H", "Content-Length: 300000", "-d", "{}"], 413, "the body has 300000 bytes"),
        (["/v1/bans", "-H", "Transfer-Encoding: chunked", "-d", "{}"], 400, "send a Content-Length"),
        (["/v1/status", "-H", "X: " + String(repeating: "x", count: 20_000)], 413, "head has more than"),
    ]

    @Test("Each mistake in a request gets a fitting status and says what was expected", arguments: mistakes)
    func reportsMistakes(_ arguments: [String], _ status: Int, _ message: String) async throws {
        try await withServer { socket, _ in
            var arguments = arguments
            arguments[0] = "http://localhost" + arguments[0]
            let answer = try await curl(socket, arguments)
            #expect(answer.status == status)
            #expect(answer.body.contains(message), "\(answer.body)")
            #expect(answer.body.hasPrefix(#"{"error":{"code":""#))
        }
    }

    @Test(
        "Bytes that are no HTTP are answered with an error, and the connection ends",
        arguments: [
            "hello\r\n\r\n", "GET /v1/status\r\n\r\n", "\u{0}\u{1}\n\n", "GET * HTTP/1.1\r\n\r\n",
            "GET /v1/%zz HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno field\r\n\r\n",
            "POST /v1/bans HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            "POST /v1/bans HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        ])
    func answersGarbage(_ text: String) async throws {
        try await withServer { path, client in
            let socket = try await AsyncSocket.connected(to: .unix(path: path))
            defer { try? socket.close() }
            try await socket.write(Data(text.utf8))
            let answer = String(decoding: try await socket.read(atMost: 4096), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            await #expect(throws: SocketError.disconnected) { try await socket.read() }
            _ = try await client.status()
        }
    }

    @Test("Clients that say nothing, or hang up in the middle, keep nobody from being served")
    func survivesSilence() async throws {
        try await withServer { path, client in
            var silent: [Socket] = []
            defer { silent.forEach { try? $0.close() } }
            for text in ["", "GET /v1/sta", "POST /v1/bans HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"] {
                for hangsUp in [false, true] {
                    let socket = try Socket(domain: AF_UNIX, type: .stream)
                    try socket.connect(to: .unix(path: path))
                    if !text.isEmpty { _ = try socket.write(Data(text.utf8)) }
                    if hangsUp { try socket.close() } else { silent.append(socket) }
                }
            }
            _ = try await client.status()
        }
    }

    @Test("Many clients at once are all answered")
    func servesMany() async throws {
        try await withServer { _, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 { group.addTask { _ = try await client.status() } }
                try await group.waitForAll()
            }
        }
    }
}

@Suite("The socket itself")
struct SocketTests {
    @Test("The socket is open to owner and group, and goes away with the server")
    func hasMode() async throws {
        let socket = try await withServer { socket, client in
            _ = try await client.status()
            let attributes = try FileManager.default.attributesOfItem(atPath: socket)
            #expect(attributes[.posixPermissions] as? Int == 0o660)
            return socket
        }
        for _ in 0..<200 where FileManager.default.fileExists(atPath: socket) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test("A second agent is refused, and the first goes on")
    func refusesSecond() async throws {
        try await withServer { socket, client in
            _ = try await client.status()
            let error = #expect(throws: ControlError.self) {
                try ControlServer(path: socket)
            }
            #expect(error?.code == .refused && error?.message == "another agent answers at \(socket)")
            _ = try await client.status()
        }
    }

    @Test("A socket that a dead agent left is replaced")
    func replacesStale() async throws {
        let folder = try TemporarySocketFolder()
        let dead = try Socket(domain: AF_UNIX, type: .stream)
        try dead.bind(to: .unix(path: folder.socket))
        try dead.close()
        let server = try ControlServer(path: folder.socket)
        let task = Task { try await server.run(StubService()) }
        _ = try await ControlClient(socket: folder.socket).status()
        task.cancel()
    }

    @Test("A file that is no socket is left alone, and a path that is too long is refused")
    func refusesPaths() throws {
        let folder = try TemporarySocketFolder()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder.socket))
        let error = #expect(throws: ControlError.self) {
            try ControlServer(path: folder.socket)
        }
        #expect(error?.message.hasSuffix("exists and is not a socket") == true)
        #expect(try String(contentsOfFile: folder.socket, encoding: .utf8) == "precious")
        #expect(throws: ControlError.self) {
            try ControlServer(path: "/tmp/" + String(repeating: "x", count: 200))
        }
    }

    @Test("Without an agent the client says so")
    func findsNobody() async throws {
        let folder = try TemporarySocketFolder()
        await #expect(throws: AgentUnreachable(socket: folder.socket, reason: .notRunning)) {
            try await ControlClient(socket: folder.socket).status()
        }
    }
}
