import NIOPosix

/// The one thread that waits for all connections of the process.
enum EventLoops {
    static let shared = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
