/// A number that is never twice the same for indices below 2^32, and far from its neighbours'.
func scattered(_ index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index) &* 2_654_435_761 }

/// With three digits behind the point.
func rounded(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let rest = "\(thousandths % 1000)"
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
}

/// Filled up with spaces.
func pad(_ text: String, to width: Int, right: Bool) -> String {
    let space = String(repeating: " ", count: max(width - text.count, 0))
    return right ? space + text : text + space
}
