import Foundation
import Testing
import Traffic

@testable import Agent

@Suite("Who is an operator")
struct LoginTests {
    private static let home = Address(literal: "198.51.100.66")
    private static let plenty = SocketBytes(received: 5000, acknowledged: 5000)

    private func socket(_ inode: UInt32, port: UInt16 = 40_000, from address: Address = home) -> LoginSocket {
        LoginSocket(address: address, port: port, inode: inode)
    }

    @Test("A connection that lasts and talks both ways is a login, of IPv4 and IPv6")
    func lasts() {
        var operators = Operators()
        let six = Address(literal: "2001:db8:a::66")
        let sockets: Set = [socket(7), socket(8, from: six)]
        let bytes = [UInt32(7): Self.plenty, 8: Self.plenty]
        #expect(operators.follow(sockets, bytes: bytes, at: .seconds(1000)) == [])
        #expect(operators.follow(sockets, bytes: bytes, at: .seconds(1149)) == [])
        #expect(operators.follow(sockets, bytes: bytes, at: .seconds(1150)) == [Self.home, six])
        #expect(operators.follow([socket(7)], bytes: bytes, at: .seconds(1160)) == [Self.home])
        #expect(operators.follow([], bytes: [:], at: .seconds(1170)) == [])
    }

    @Test("One that is made anew from the same address and port, every hundred seconds, never is")
    func reconnects() {
        var operators = Operators()
        for second in stride(from: 0, through: 3600, by: 50) {
            let inode = UInt32(1 + second / 100)
            let found = operators.follow(
                [socket(inode)], bytes: [inode: Self.plenty], at: .seconds(second))
            #expect(found == [], "second \(second)")
        }
    }

    @Test(
        "One on which hardly anything was said never is: a tarpit, or somebody who waits at the banner",
        arguments: [
            SocketBytes(received: 30, acknowledged: 90_000), SocketBytes(received: 90_000, acknowledged: 40),
        ])
    func waits(_ bytes: SocketBytes) {
        var operators = Operators()
        for second in [0, 200, 400] {
            #expect(operators.follow([socket(7)], bytes: [7: bytes], at: .seconds(second)) == [])
            #expect(operators.follow([socket(7)], bytes: [:], at: .seconds(second)) == [])
        }
        // Where the kernel does not tell, age alone has to do.
        #expect(operators.follow([socket(7)], bytes: nil, at: .seconds(600)) == [Self.home])
    }

    @Test("Only established connections to port 22 of root's sockets are looked at")
    func reads() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "tcp-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func row(_ local: String, state: String, user: Int, inode: Int) -> String {
            "   0: \(local) 426433C6:9C40 \(state) 00000000:00000000 02:000A 00000000 \(user) 0 \(inode) 2 0 20 4 30\n"
        }
        let text =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
            + row("020000C0:0016", state: "01", user: 0, inode: 7)
            + row("020000C0:0016", state: "01", user: 1000, inode: 8)
            + row("020000C0:0016", state: "06", user: 0, inode: 0)
            + row("020000C0:0050", state: "01", user: 0, inode: 9)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(LoginSocket.list(in: path) == [socket(7)])
    }

    @Test(
        "The kernel tells what went over a connection, in both directions", arguments: ["127.0.0.1", "::1"])
    func bytes(host: String) throws {
        let listener = try TalkingSocket(listeningOn: host)
        let client = try TalkingSocket(connectingTo: host, port: listener.port)
        let server = try listener.accept()
        try client.write(3000)
        try server.read(3000)
        try server.write(1500)
        try client.read(1500)
        let found = try #require(SocketBytes.ofConnections(to: listener.port))
        #expect(found == [server.inode: SocketBytes(received: 3000, acknowledged: 1500)])
        #expect(SocketBytes.ofConnections(to: 1) == [:])
    }
}
