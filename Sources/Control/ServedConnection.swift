import API
import Foundation
import NIOCore
import NIOHTTP1

/// One connection of the server: one request, one answer.
///
/// A peer who hangs up before the answer wants none: what it asked for is not done, if it was not yet.
final class ServedConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// For one request, from connecting to the end of the answer.
    private static let timeLimit: TimeAmount = .seconds(10)
    /// For a change to be carried out: who is told that nobody answered believes that nothing was done.
    private static let changeLimit: Duration = .seconds(60)
    /// For a peer that is refused to read why: closing a socket with unread data would take the answer away.
    private static let lingering: TimeAmount = .seconds(1)

    private let caller: Caller
    private let access: ControlAccess
    private let router: ControlRouter
    /// Why the caller is not listened to; `nil` if it is.
    private let refusal: ControlError?
    private let deadline = NIODeadline.now() + timeLimit
    private var request: HTTPRequest?
    private var body = ByteBuffer()
    private var isOver = false
    private var clock: Scheduled<Void>?
    private var answering: Task<Void, Never>?

    init(_ caller: Caller, _ access: ControlAccess, _ router: ControlRouter, refusal: ControlError?) {
        self.caller = caller
        self.access = access
        self.router = router
        self.refusal = refusal
    }

    /// Puts what speaks HTTP on a connection, within limits.
    static func open(
        _ channel: any Channel, _ caller: Caller, _ access: ControlAccess, _ router: ControlRouter,
        refusal: ControlError?
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = HTTPLimits.head
        limits.maxHeaderListSize = HTTPLimits.head
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        try channel.pipeline.syncOperations.addHandlers(
            HTTPResponseEncoder(), ByteToMessageHandler(decoder),
            ServedConnection(caller, access, router, refusal: refusal))
    }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal { return refuse(refusal, context) }
        clock = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.refuse(Self.tooSlow, context)
        }
    }

    private static let tooSlow = ControlError(.unavailable, "no answer within 10 seconds")

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        guard answering == nil else { return context.close(promise: nil) }
        do throws(ControlError) {
            switch unwrapInboundIn(data) {
            case .head(let head): try begin(head)
            case .body(var part):
                body.writeBuffer(&part)
                try checkLength(body.readableBytes)
            case .end: answer(context)
            }
        } catch {
            refuse(error, context)
        }
    }

    private func begin(_ head: HTTPRequestHead) throws(ControlError) {
        let request = try HTTPRequest(head)
        try access.check(caller, isReading: request.method == Method.get.rawValue)
        if let length = head.headers.first(name: "Content-Length").flatMap(Int.init) {
            try checkLength(length)
        }
        self.request = request
    }

    private func checkLength(_ length: Int) throws(ControlError) {
        guard length <= HTTPLimits.requestBody else {
            throw ControlError(
                .tooLarge,
                "the body has \(length) bytes or more, which is more than \(HTTPLimits.requestBody)")
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        request?.body = Data(body.readableBytesView)
        body = ByteBuffer()
        guard let request else { return }
        clock?.cancel()
        let rest =
            request.method == Method.get.rawValue
            ? Duration.nanoseconds(max(0, (deadline - NIODeadline.now()).nanoseconds)) : Self.changeLimit
        let (channel, caller, router) = (context.channel, caller, router)
        let serve: @Sendable @concurrent () async -> Void = {
            await ServedConnection.serve(request, from: caller, by: router, within: rest, on: channel)
        }
        answering = Task(operation: serve)
    }

    private static func serve(
        _ request: HTTPRequest, from caller: Caller, by router: ControlRouter, within limit: Duration,
        on channel: any Channel
    ) async {
        do {
            let response = try await withTimeLimit(limit) {
                let response = await Caller.$current.withValue(caller) { await router.respond(to: request) }
                // The peer may have gone meanwhile.
                try Task.checkCancellation()
                try await write(response, on: channel)
                return response
            }
            if let lines = response.lines {
                try await lines { data in
                    try await withTimeLimit(.nanoseconds(timeLimit.nanoseconds)) {
                        try await channel.writeAndFlush(body(data))
                    }
                }
                try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
            }
        } catch let error as ControlError {
            try? await write(.failure(error), on: channel)
        } catch {
            // The client has gone, or the server stops: nobody is left to be told.
        }
        try? await channel.close()
    }

    private static func body(_ data: Data) -> HTTPServerResponsePart {
        .body(.byteBuffer(ByteBuffer(bytes: data)))
    }

    /// Writes an answer to its end or, where lines come after it, its head.
    private static func write(_ response: HTTPResponse, on channel: any Channel) async throws {
        guard response.lines == nil else {
            return try await channel.writeAndFlush(HTTPServerResponsePart.head(response.head))
        }
        channel.write(HTTPServerResponsePart.head(response.head), promise: nil)
        channel.write(body(response.body), promise: nil)
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
    }

    /// Answers a request that was not read to its end; what is still to come is thrown away.
    private func refuse(_ error: ControlError, _ context: ChannelHandlerContext) {
        guard !isOver, answering == nil else { return }
        isOver = true
        clock?.cancel()
        let response = HTTPResponse.failure(error)
        context.write(wrapOutboundOut(.head(response.head)), promise: nil)
        context.write(wrapOutboundOut(Self.body(response.body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        clock = context.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case .headerOverflow:
            refuse(
                ControlError(.tooLarge, "the request's head has more than \(HTTPLimits.head) bytes"), context)
        case .some: refuse(.notHTTP, context)
        case nil: context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        clock?.cancel()
        answering?.cancel()
    }
}
