import Testing
import Traffic

@Suite("Which side an interface is on")
struct RoleTests {
    @Test(
        "A default route tells wan, private networks alone tell lan, and all else tells nothing",
        arguments: [
            (["192.0.2.1/24", "fe80::1/64"], true, .wan),
            (["192.168.1.2/24"], true, .wan),
            ([], true, .wan),
            (["192.168.1.1/24"], false, .lan),
            (["10.0.0.1/8", "fd12::1/64", "fe80::1/64"], false, .lan),
            (["10.0.0.1/8", "2001:db8::1/64"], false, nil),
            (["198.51.100.1/24"], false, nil),
            (["fe80::1/64"], false, nil),
            ([], false, nil),
        ] as [([String], Bool, InterfaceRole?)])
    func derived(networks: [String], hasDefaultRoute: Bool, role: InterfaceRole?) throws {
        let prefixes = try networks.map { try #require(Prefix($0)) }
        #expect(InterfaceRole(networks: prefixes, hasDefaultRoute: hasDefaultRoute) == role)
    }
}
