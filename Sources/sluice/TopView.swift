import API
import ArgumentParser
import Control
import Dispatch
import Features
import Foundation
import Glibc
import Terminal
import Traffic

/// The live view of `sluice top`: brings keys and answers to the model, and the model to the terminal.
struct TopView {
    private enum Input: Sendable {
        case keys([UInt8])
        case resized
        case terminated
        case second
        case answer(TopModel.Answer)
        case done(String)
        case page(String)
        case failed(String)
    }

    let service: any ControlService
    var model: TopModel

    /// Runs until `q`, Ctrl-C or SIGTERM.
    mutating func run(on screen: FullScreen) async {
        defer { screen.close() }
        let (inputs, continuation) = AsyncStream.makeStream(of: Input.self)
        let sources = Self.sources { continuation.yield($0) }
        defer { for source in sources { source.cancel() } }
        let isColoured = Screen.standardOutput.isColoured
        ask(continuation)
        for await input in inputs {
            switch input {
            case .terminated: return
            case .resized: break
            case .second: ask(continuation)
            case .answer(let answer): model.take(answer)
            case .done(let text):
                model.message = text
                ask(continuation)
            case .page(let text): model.show(page: text)
            case .failed(let text): model.message = text
            case .keys(let bytes):
                for key in KeyPress.parse(bytes) {
                    switch model.press(key) {
                    case .quit: return
                    case .ask: ask(continuation)
                    case .act(let action, let prefix): act(action, prefix, continuation)
                    case nil: break
                    }
                }
            }
            let size = screen.size
            model.resize(width: size.width, height: size.height)
            screen.draw(model.lines(isColoured: isColoured, at: .now))
        }
    }

    /// Keys, signals and the passing of time.
    private static func sources(_ send: @escaping @Sendable (Input) -> Void) -> [any DispatchSourceProtocol] {
        let keys = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO)
        keys.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
            // The terminal has gone.
            send(count > 0 ? .keys(Array(buffer.prefix(count))) : .terminated)
        }
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + 1, repeating: 1)
        timer.setEventHandler { send(.second) }
        var sources: [any DispatchSourceProtocol] = [keys, timer]
        for (number, input) in [
            (SIGWINCH, Input.resized), (SIGTERM, .terminated), (SIGHUP, .terminated), (SIGINT, .terminated),
        ] {
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { send(input) }
            sources.append(source)
        }
        for source in sources { source.resume() }
        return sources
    }

    private func ask(_ continuation: AsyncStream<Input>.Continuation) {
        let (service, wish) = (service, model.wish)
        Task {
            do {
                continuation.yield(.answer(try await Self.answer(service, wish)))
            } catch {
                continuation.yield(.failed(Failure(error).message))
            }
        }
    }

    private static func answer(
        _ service: any ControlService, _ wish: TopModel.Wish
    ) async throws -> TopModel.Answer {
        var answer = TopModel.Answer(tab: wish.tab, status: try await service.status())
        switch wish.tab {
        case .sources, .destinations:
            answer.sources = try await service.top(
                TopQuery(
                    view: wish.tab == .sources ? .source : .destination, limit: wish.limit,
                    order: TopOrder(rawValue: wish.sort) ?? .packets))
        case .flows:
            answer.flows = try await service.flows(
                FlowQuery(limit: wish.limit, order: FlowOrder(rawValue: wish.sort) ?? .packets))
        case .bans:
            // More than fit on the screen, to scroll in.
            answer.bans = try await service.bans(
                BanQuery(limit: max(200, wish.limit), order: BanOrder(rawValue: wish.sort) ?? .since))
        }
        return answer
    }

    private func act(
        _ action: TopModel.Action, _ prefix: Prefix, _ continuation: AsyncStream<Input>.Continuation
    ) {
        let service = service
        let width = Screen.standardOutput.width
        Task {
            do {
                switch action {
                case .ban:
                    _ = try await service.ban(AddRequest(prefixes: [prefix], reason: "sluice top"))
                    continuation.yield(.done("Banned \(prefix)."))
                case .unban:
                    _ = try await service.unban(RemoveRequest(prefixes: [prefix]))
                    continuation.yield(.done("Lifted what was on \(prefix)."))
                case .allow:
                    _ = try await service.allow(AddRequest(prefixes: [prefix], reason: "sluice top"))
                    continuation.yield(.done("\(prefix) is on the allow-list."))
                case .explain:
                    let text = try ExplainCommand.parse(["\(prefix.address)"]).text(
                        try await service.explain(prefix.address),
                        on: Screen(width: width, isColoured: false), at: .now)
                    continuation.yield(.page(text))
                }
            } catch {
                continuation.yield(.failed(Failure(error).message))
            }
        }
    }
}
