package import API
import Glibc
import NIOCore
import NIOPosix

/// Serves a `ControlService` on a Unix socket.
///
/// Who may connect is for the socket's mode and group to say, and what they may do for `ControlAccess`.
package struct ControlServer: Sendable {
    private let access: ControlAccess
    private let listener: Listener

    /// Takes the socket: from here on clients can connect, and are answered when `run` does.
    ///
    /// A socket that a dead agent left behind is replaced.
    ///
    /// - Throws: `ControlError` if another agent answers there, or the socket cannot be made.
    package init(path: String, access: ControlAccess = ControlAccess()) throws(ControlError) {
        self.access = access
        listener = try Listener(path: path, mode: access.mode)
    }

    /// Gives the socket back, and removes it; `run` does so by itself.
    package func close() { listener.close() }

    /// Answers requests until the task is cancelled, then closes.
    package func run(_ service: any ControlService) async {
        let router = ControlRouter(service: service)
        let connections = Connections()
        await listener.accept { socket, caller in
            switch connections.admit(caller, access) {
            case .served: serve(socket, caller, router, connections, refusal: nil)
            case .refused(let error): serve(socket, caller, router, connections, refusal: error)
            case .dropped: Glibc.close(socket)
            }
        }
        close()
        connections.closeAll()
    }

    private func serve(
        _ socket: CInt, _ caller: Caller, _ router: ControlRouter, _ connections: Connections,
        refusal: ControlError?
    ) {
        let access = access
        let opened = ClientBootstrap(group: EventLoops.shared)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try ServedConnection.open(channel, caller, access, router, refusal: refusal)
                    connections.add(channel)
                }
            }
            .withConnectedSocket(socket)
        // Where it fails, the socket is closed already.
        opened.flatMap(\.closeFuture).whenComplete { _ in
            connections.leave(caller, wasRefused: refusal != nil)
        }
    }
}
