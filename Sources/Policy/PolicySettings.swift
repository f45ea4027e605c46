/// What the operator decides about automatic rules.
package struct PolicySettings: Hashable, Sendable {
    /// Length of a first ban, and of each extension.
    package var banDuration: Duration
    /// Longest ban that repeat offenders get.
    package var banMaximum: Duration
    /// Widest networks that bans of neighbours grow to, as prefix lengths: 24...32 and 48...128; the longest never grow.
    package var widestIPv4: Int
    package var widestIPv6: Int
    /// What a limit lets pass.
    package var limitPacketsPerSecond: UInt32
    /// Length of a limit, and of each extension.
    package var limitDuration: Duration

    package init(
        banDuration: Duration = .seconds(600), banMaximum: Duration = .seconds(86400),
        widestIPv4: Int = 24, widestIPv6: Int = 48,
        limitPacketsPerSecond: UInt32 = 1000, limitDuration: Duration = .seconds(300)
    ) {
        self.banDuration = banDuration
        self.banMaximum = banMaximum
        self.widestIPv4 = widestIPv4
        self.widestIPv6 = widestIPv6
        self.limitPacketsPerSecond = limitPacketsPerSecond
        self.limitDuration = limitDuration
    }
}
