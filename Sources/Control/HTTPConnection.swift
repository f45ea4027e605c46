import FlyingSocks
import Foundation
import Glibc

/// One connection, one message each way.
struct HTTPConnection: Sendable {
    let socket: AsyncSocket

    /// Who is at the other end.
    var caller: Caller? { Caller(peerOf: socket.socket.file.rawValue) }

    /// Reads a head and the body that follows it; a body longer than `maximumBody` is refused before it is
    /// read.
    func readRequest(maximumBody: Int) async throws -> HTTPRequest {
        let (head, rest) = try await readHead()
        let length = try head.bodyLength(atMost: maximumBody) ?? 0
        return try head.request(body: try await readBody(length: length, after: rest))
    }

    /// Reads status and body of an answer.
    func readResponse(maximumBody: Int) async throws -> (status: Int, body: Data) {
        let (head, rest) = try await readHead()
        guard head.startLine.count >= 2, head.startLine[0].hasPrefix("HTTP/1."),
            let status = Int(head.startLine[1]),
            let length = try head.bodyLength(atMost: maximumBody)
        else { throw ControlError(.failed, "the answer is not HTTP") }
        return (status, try await readBody(length: length, after: rest))
    }

    func write(_ data: Data) async throws { try await socket.write(data) }

    /// Writes what comes, until it ends, the peer goes, or does not take a part of it within `limit`.
    func write(
        _ lines: @escaping @Sendable (@Sendable (Data) async throws -> Void) async throws -> Void,
        each limit: Duration
    ) async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await lines { data in try await withTimeLimit(limit) { try await write(data) } }
            }
            // Nothing is to come from there: it is how one learns that the peer has gone.
            group.addTask { _ = try? await socket.read(atMost: 1) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Reads the status of an answer, gives `take` each of its lines that is not empty until the connection ends, and returns
    /// what is left: all of it, if it is an error.
    func readLines(maximumLine: Int, _ take: (Data) throws -> Void) async throws -> (status: Int, rest: Data)
    {
        let (head, start) = try await readHead()
        guard head.startLine.count >= 2, head.startLine[0].hasPrefix("HTTP/1."),
            let status = Int(head.startLine[1])
        else { throw ControlError(.failed, "the answer is not HTTP") }
        var buffer = Data(start)
        while true {
            if status == 200 {
                while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = buffer[buffer.startIndex..<end]
                    if !line.isEmpty { try take(Data(line)) }
                    buffer = Data(buffer[(end + 1)...])
                }
            }
            guard buffer.count <= maximumLine else {
                throw ControlError(.failed, "the agent sent a line of more than \(maximumLine) bytes")
            }
            do {
                buffer += try await socket.read(atMost: 16 * 1024)
            } catch SocketError.disconnected {
                return (status, buffer)
            }
        }
    }

    /// Answers a request that was not read to its end.
    ///
    /// What is still to come is thrown away, within limits: closing a socket with unread data resets the
    /// connection, and the client would never see the answer.
    func turnAway(with answer: Data) async {
        try? await withTimeLimit(.seconds(1)) {
            try await write(answer)
            _ = shutdown(socket.socket.file.rawValue, CInt(SHUT_WR))
            var rest = HTTPLimits.discarded
            while rest > 0 { rest -= try await socket.read(atMost: 16 * 1024).count }
        }
    }

    func close() { try? socket.close() }

    /// The head, and what of the body came along with it.
    private func readHead() async throws -> (HTTPHead, rest: Data) {
        var buffer = Data()
        while true {
            if let end = Self.endOfHead(in: buffer) {
                return (try HTTPHead(buffer[..<end]), buffer[end...])
            }
            guard buffer.count < HTTPLimits.head else {
                throw ControlError(.tooLarge, "the request's head has more than \(HTTPLimits.head) bytes")
            }
            do {
                buffer += try await socket.read(atMost: 4096)
            } catch SocketError.disconnected where !buffer.isEmpty {
                throw ControlError.notHTTP
            }
        }
    }

    private func readBody(length: Int, after start: Data) async throws -> Data {
        var body = start.prefix(length)
        while body.count < length {
            do {
                body += try await socket.read(atMost: min(length - body.count, 4096))
            } catch SocketError.disconnected {
                throw ControlError(.invalid, "the body ended after \(body.count) of \(length) bytes")
            }
        }
        return body
    }

    /// Index behind the empty line that ends the head.
    private static func endOfHead(in buffer: Data) -> Int? {
        let ends = [Data("\r\n\r\n".utf8), Data("\n\n".utf8)].compactMap { buffer.range(of: $0)?.upperBound }
        return ends.min()
    }
}

/// Runs `body`, or throws `ControlError` if it takes longer than `limit`.
func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw ControlError(.unavailable, "no answer within \(limit.components.seconds) seconds")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
