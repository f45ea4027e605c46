import Glibc
import TestSupport
import Testing
import Traffic

@Suite("Addresses")
struct AddressTests {
    @Test(
        "text is read and written back as RFC 5952 wants it",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::A", "2001:db8::a"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            // One zero group is not shortened; the longest run is, and of equals the first.
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::ffff:192.0.2.1", "::ffff:c000:201"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ])
    func text(input: String, output: String) throws {
        let address = try #require(Address(input))
        #expect(address.description == output)
        #expect(Address(output) == address)
        #expect(address.isIPv4 == !input.contains(":"))
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3",
            "1.2.3.4 ", "+1.2.3.4",
            "1.2.3.-4", "0x1.2.3.4", "1..2.3", "١.2.3.4", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
            "1::2::3",
            "12345::", "g::", "::1%eth0", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4::",
            "::1.2.3.4:5", "::1.2.3",
            ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::+1", "1:::2", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4:80",
            "2001:db8", "2001:db8::1/64", "localhost",
        ])
    func badText(input: String) { #expect(Address(input) == nil) }

    @Test("any address survives being written and read")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let address =
                Bool.random(using: &random)
                ? Address(ipv4: UInt32(truncatingIfNeeded: random.next()))
                : Address(ipv6High: Self.half(&random), low: Self.half(&random))
            #expect(Address(address.description) == address, "\(random)")
        }
    }

    @Test("what is an address, and which, is what the C library says")
    func likeTheLibrary() {
        var random = SeededGenerator()
        for _ in 0..<20_000 {
            var text = Array(
                (Bool.random(using: &random)
                    ? Address(ipv4: UInt32(truncatingIfNeeded: random.next()))
                    : Address(ipv6High: Self.half(&random), low: Self.half(&random))).description.utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                let character = "0123456789aF:.:.g%".utf8.randomElement(using: &random) ?? 0
                if Bool.random(using: &random) {
                    text.insert(character, at: place)
                } else if place < text.count {
                    text.remove(at: place)
                }
            }
            let string = String(decoding: text, as: UTF8.self)
            #expect(Address(string).map(Self.octets) == Self.octets(string), "\(string), \(random)")
        }
    }

    /// In network order; `nil` if the C library knows no such address.
    private static func octets(_ text: String) -> [UInt8]? {
        let isIPv6 = text.contains(":")
        var octets = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        let result = unsafe octets.withUnsafeMutableBytes {
            unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, $0.baseAddress)
        }
        return result == 1 ? octets : nil
    }

    private static func octets(_ address: Address) -> [UInt8] {
        let halves = address.isIPv4 ? [address.low << 32] : [address.high, address.low]
        let octets = halves.flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
        }
        return Array(octets.prefix(address.bitWidth / 8))
    }

    /// Four groups, of which half are zero: those are what is hard to write.
    private static func half(_ random: inout SeededGenerator) -> UInt64 {
        var half: UInt64 = 0
        for _ in 0..<4 {
            half = half << 16 | (Bool.random(using: &random) ? 0 : random.next() & 0xFFFF)
        }
        return half
    }

    @Test(
        "a mask keeps the first bits and no other",
        arguments: [
            ("255.255.255.255", 32, "255.255.255.255"), ("255.255.255.255", 0, "0.0.0.0"),
            ("192.168.255.255", 23, "192.168.254.0"), ("10.1.2.3", -1, "0.0.0.0"),
            ("10.1.2.3", 99, "10.1.2.3"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, "::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "8000::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 63, "ffff:ffff:ffff:fffe::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 64, "ffff:ffff:ffff:ffff::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65, "ffff:ffff:ffff:ffff:8000::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ])
    func mask(address: String, length: Int, masked: String) throws {
        #expect(try #require(Address(address)).masked(to: length).description == masked)
    }

    @Test("IPv4 sorts before IPv6, then by value")
    func order() throws {
        let sorted = ["0.0.0.0", "9.0.0.0", "10.0.0.0", "255.0.0.0", "::", "::1", "1::", "ff02::1"]
        #expect(try sorted.reversed().map { try #require(Address($0)) }.sorted().map(\.description) == sorted)
    }

    @Test("an IPv4 address and the IPv6 address with the same bits are two")
    func families() throws {
        let (four, six) = (try #require(Address("1.2.3.4")), try #require(Address("::1.2.3.4")))
        #expect(four != six)
        #expect(four.low == six.low)
    }

    @Test(
        "addresses that no single host has are told apart",
        arguments: [
            ("224.0.0.1", "group"), ("239.255.255.255", "group"), ("255.255.255.255", "group"),
            ("223.255.255.255", "host"),
            ("240.0.0.1", "host"), ("ff02::1", "group"), ("fe80::1", "link"), ("febf::1", "link"),
            ("fec0::1", "host"),
            ("169.254.0.1", "link"), ("169.255.0.1", "host"), ("0.0.0.0", "nobody"), ("::", "nobody"),
            ("::1", "host"),
        ])
    func kinds(text: String, kind: String) throws {
        let address = try #require(Address(text))
        #expect(address.isMulticastOrBroadcast == (kind == "group"))
        #expect(address.isLinkLocal == (kind == "link"))
        #expect(address.isUnspecified == (kind == "nobody"))
    }

    @Test(
        "addresses that the Internet does not route are private",
        arguments: [
            ("10.1.2.3", true), ("172.16.0.1", true), ("172.31.255.255", true), ("172.32.0.1", false),
            ("192.168.4.5", true), ("192.169.0.1", false), ("100.64.0.1", true), ("100.128.0.1", false),
            ("127.0.0.1", true), ("169.254.1.1", true), ("8.8.8.8", false), ("fd00::1", true),
            ("fc12::1", true), ("fe80::1", true), ("::1", true), ("2001:db8::1", false),
        ])
    func privateAddresses(text: String, isPrivate: Bool) throws {
        #expect(try #require(Address(text)).isPrivate == isPrivate)
    }
}
