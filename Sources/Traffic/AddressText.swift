extension Address: CustomStringConvertible, LosslessStringConvertible {
    /// Dotted quad, or IPv6 as RFC 5952 section 4 writes it (always in hexadecimal groups).
    package var description: String {
        if isIPv4 {
            return (0..<4).reversed().map { String(low >> UInt64($0 * 8) & 0xFF) }.joined(separator: ".")
        }
        let groups = (0..<8).map {
            UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> UInt64((3 - $0 % 4) * 16))
        }
        guard let zeros = Self.longestZeroRun(in: groups) else { return Self.hexadecimal(groups[...]) }
        return Self.hexadecimal(groups[..<zeros.lowerBound]) + "::"
            + Self.hexadecimal(groups[zeros.upperBound...])
    }

    private static func hexadecimal(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The first of the longest runs of two or more zero groups, which `::` stands for.
    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int>? {
        var best = 0..<0
        var start = 0
        for index in groups.indices {
            if groups[index] != 0 {
                start = index + 1
            } else if index + 1 - start > best.count {
                best = start..<index + 1
            }
        }
        return best.count > 1 ? best : nil
    }

    /// Reads a dotted quad or an IPv6 address (RFC 4291 section 2.2, all three forms; no zone); else `nil`.
    package init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            self.init(ipv6: text)
        } else if let bits = Self.dottedQuad(text[...]) {
            self.init(ipv4: bits)
        } else {
            return nil
        }
    }

    private static func dottedQuad(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            // Leading zeros are refused: some programs read them as octal.
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part == "0" || part.first != "0",
                let byte = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt32(byte)
        }
        return bits
    }

    private init?(ipv6 text: String) {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        guard let head = Self.groups(halves[0], isLast: halves.count == 1),
            let tail = halves.count == 2 ? Self.groups(halves[1], isLast: true) : []
        else { return nil }
        let missing = 8 - head.count - tail.count
        guard halves.count == 2 ? missing >= 1 : missing == 0 else { return nil }
        let groups = head + Array(repeating: 0, count: missing) + tail
        let half = { (range: Range<Int>) in groups[range].reduce(UInt64(0)) { $0 << 16 | UInt64($1) } }
        self.init(ipv6High: half(0..<4), low: half(4..<8))
    }

    /// The 16-bit groups of one side of `::`; the last may be a dotted quad.
    private static func groups(_ text: Substring, isLast: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var result: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains("."), let quad = dottedQuad(part) {
                result += [UInt16(quad >> 16), UInt16(quad & 0xFFFF)]
            } else if (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let group = UInt16(part, radix: 16)
            {
                result.append(group)
            } else {
                return nil
            }
        }
        return result
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
