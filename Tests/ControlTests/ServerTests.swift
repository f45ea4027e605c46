import API
import Control
import Foundation
import Glibc
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
            let both = [prefix, Prefix(prefix.address)]
            let ban = try await client.ban(
                AddRequest(prefixes: both, duration: 90, reason: "a \"reason\"/ü", confirm: 5))
            #expect(ban.bans.map(\.prefix) == both && ban.pending?.id == 3)
            #expect(ban.bans[0].expires == StubService.time + .milliseconds(1500))
            #expect(try await client.unban(RemoveRequest(prefixes: both, confirm: 90)).count == 2)
            _ = try await client.allowed()
            #expect(try await client.allow(AddRequest(prefixes: [prefix])).count == 1)
            #expect(try await client.disallow(RemoveRequest(prefixes: [prefix], confirm: 0.5)).count == 1)
            _ = try await client.protected()
            #expect(try await client.protect(ProtectRequest(prefixes: [prefix], reason: "us")).count == 1)
            #expect(try await client.unprotect(UnprotectRequest(prefixes: [prefix])).count == 1)
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
            let verdict = try await client.verifyAudit(reporting: { parts.append($0.last) })
            #expect(parts == [3, 6])
            #expect(verdict == AuditVerdict(lines: 9, last: 9, head: "09", newest: 9))
            #expect(try await client.keys() == ModelKeys(own: "ab", trusted: ["cd"]))
            await #expect(throws: ControlError.self) {
                try await client.judge(FeedbackRequest(alert: 5, feedback: .bad))
            }
        }
        #expect(
            await service.calls.filter { $0 != "status" } == [
                "bans - - - - since",
                "ban 2001:db8::/32,2001:db8:: 90.0 a \"reason\"/ü within 5.0",
                "unban 2001:db8::/32,2001:db8:: within 90.0", "allowed", "allow 2001:db8::/32 0.0 -",
                "disallow 2001:db8::/32 within 0.5", "protected", "protect 2001:db8::/32 us",
                "unprotect 2001:db8::/32", "pending", "confirm [3]",
                "events 2023-11-14T22:13:20.250Z 2001:db8::/32 scan end 4",
                "alerts 2023-11-14T22:13:20.250Z - - 5 time",
                "alerts - - - 6 time", "explain 2001:db8::7", "top destination - 3 score",
                "top source 2001:db8::/32 20 packets",
                "bans 2023-11-14T22:13:20.250Z 2001:db8::/32 s&n, =ü 2 lastHit",
                "flows 2001:db8::/32 4 bytes", "settings", "reload",
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
            let socket = try RawSocket(path)
            try socket.write("GET /v1/events/stream HTTP/1.1\r\n\r\n")
            let head = await socket.read()
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n") && !head.contains("Content-Length"))
            socket.close()
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
                socket, ["\(base)/bans", "-d", #"{"prefixes":["192.0.2.0/24"],"duration":60}"#])
            #expect(ban.status == 201)
            #expect(
                ban.body == """
                    {"bans":[{"action":"ban","dropped":{"bytes":0,"packets":0},"expires":"2023-11-14T22:13:21.750Z",\
                    "isShadowed":false,"origin":"manual","prefix":"192.0.2.0/24","reason":"manual","ruleID":7,\
                    "since":"2023-11-14T22:13:20.250Z","summary":"banned by hand"}],"count":1,"lifted":0,\
                    "pending":{"deadline":"2023-11-14T22:14:20.250Z","id":3,"made":"2023-11-14T22:13:20.250Z",\
                    "summary":"mode enforce"}}
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
            let chunked = ["-H", "Transfer-Encoding: chunked", "-d", #"{"prefixes":["192.0.2.7"]}"#]
            #expect(try await curl(socket, ["\(base)/unban"] + chunked).status == 201)
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
        (["/v1/alerts?limit=many"], 400, "`limit` must be a whole number, not `many`"),
        (["/v1/alerts?since=yesterday"], 400, "`since`: expected a time such as"),
        (["/v1/top?view=up"], 400, "`view` must be one of source, destination"),
        (["/v1/top?view=destination&source=10.0.0.0/8"], 400, "`source` is for the view of sources"),
        (["/v1/bans?sort=size"], 400, "`sort` must be one of since, expires, dropped, lastHit"),
        (["/v1/bans?source=10.0.0.0/99"], 400, "`source`: expected an address or a prefix"),
        (["/v1/bans", "-d", #"{"prefixes":[]}"#], 400, "`prefixes` must be a list of 1 to 100000"),
        (["/v1/events?kind=bam"], 400, "`kind` must be one of alert, ban, limit"),
        (["/v1/events/stream?source=x"], 400, "`source`: expected an address or a prefix"),
        (["/v1/audit/verify?after=5"], 400, "`after` must be the number of a line, and `hash`"),
        (["/v1/unban", "-d", #"{"prefixes":["::7"],"confirm":"soon"}"#], 400, "`confirm` must be of type"),
        (
            ["/v1/disallow", "-d", #"{"prefixes":["::7"],"confirm":"nan"}"#], 400,
            "`confirm` must be more than 0"
        ),
        (["/v1/mode", "-d", #"{"mode":"shadow","confirm":90000}"#], 400, "`confirm` must be more than 0"),
        (["/v1/confirm", "-d", #"{"changes":"all"}"#], 400, "`changes` must be of type"),
        (
            ["/v1/protect", "-d", #"{"prefixes":["10.0.0.0/8"],"duration":5}"#], 400,
            "unknown member `duration`"
        ),
        (["/v1/unprotect", "-d", #"{"prefixes":["::7"],"confirm":5}"#], 400, "unknown member `confirm`"),
        (["/v1/explain"], 400, "`address` is missing"),
        (["/v1/explain?address=10.0.0.0/8"], 400, "`address`: expected an address"),
        (["/v1/alerts/x/feedback", "-d", #"{"feedback":"bad"}"#], 400, "`alert` must be a whole number"),
        (["/v1/alerts/5/feedback", "-d", "bad"], 400, "the body is not a JSON object"),
        (["/v1/alerts/5/feedback", "-d", #"{"feedback":"bd"}"#], 400, "`feedback`"),
        (["/v1/unban", "-d", #"{"prefixes":["nonsense"]}"#], 400, "expected an address or a prefix"),
        (["/v1/bans", "-d", "{"], 400, "not valid JSON"),
        (["/v1/bans", "-d", "[]"], 400, "must be of type"),
        (["/v1/bans", "-d", "{}"], 400, "`prefixes` is missing"),
        (["/v1/bans", "-d", #"{"prefixes":["10.0.0.0/99"]}"#], 400, "expected an address or a prefix"),
        (["/v1/bans", "-d", #"{"prefixes":["::7"],"duraton":5}"#], 400, "unknown member `duraton`"),
        (["/v1/bans", "-d", #"{"prefixes":["::7"],"duration":-1}"#], 400, "`duration` must be more than 0"),
        (
            ["/v1/bans", "-d", #"{"prefixes":["::7"],"duration":1e300}"#], 400,
            "`duration` must be more than 0"
        ),
        (
            ["/v1/bans", "-d", #"{"prefixes":["::7"],"duration":"5m"}"#], 400,
            "`duration` must be of type Double"
        ),
        (["/v1/bans", "-H", "Content-Length: 30000000", "-d", "{}"], 413, "the body has 30000000 bytes"),
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
            let socket = try RawSocket(path)
            defer { socket.close() }
            try socket.write(text)
            let answer = await socket.read()
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
            #expect(await socket.read() == "", "the connection goes on")
            _ = try await client.status()
        }
    }

    @Test("Clients that say nothing, or hang up in the middle, keep nobody from being served")
    func survivesSilence() async throws {
        try await withServer { path, client in
            var silent: [RawSocket] = []
            defer { silent.forEach { $0.close() } }
            for text in ["", "GET /v1/sta", "POST /v1/bans HTTP/1.1\r\nContent-Length: 50\r\n\r\n{"] {
                for hangsUp in [false, true] {
                    let socket = try RawSocket(path)
                    try socket.write(text)
                    if hangsUp { socket.close() } else { silent.append(socket) }
                }
            }
            _ = try await client.status()
        }
    }

    @Test("What a client asked for who has hung up is given up")
    func givesUp() async throws {
        let service = StubService()
        await service.wait(.seconds(60))
        try await withServer(service) { path, _ in
            let socket = try RawSocket(path)
            let body = #"{"prefixes":["192.0.2.7"]}"#
            try socket.write("POST /v1/bans HTTP/1.1\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            while await service.calls.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            socket.close()
            while await service.givenUp.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(await service.givenUp == ["ban 192.0.2.7 0.0 -"])
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
        try RawSocket.leaveDead(at: folder.socket)
        let server = try ControlServer(path: folder.socket)
        let task = Task { await server.run(StubService()) }
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
