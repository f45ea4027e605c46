/// What the operator decides about automatic rules.
package struct PolicySettings: Hashable, Sendable {
    /// Length of a first ban, and of each extension.
    package var banDuration: Duration
    /// Longest ban that repeat offenders get.
    package var banMaximum: Duration
    /// What a limit lets pass.
    package var limitPacketsPerSecond: UInt32
    /// Length of a limit, and of each extension.
    package var limitDuration: Duration

    package init(
        banDuration: Duration = .seconds(600), banMaximum: Duration = .seconds(86400),
        limitPacketsPerSecond: UInt32 = 1000, limitDuration: Duration = .seconds(300)
    ) {
        self.banDuration = banDuration
        self.banMaximum = banMaximum
        self.limitPacketsPerSecond = limitPacketsPerSecond
        self.limitDuration = limitDuration
    }
}
