extension Address: CustomStringConvertible, LosslessStringConvertible {
    /// Dotted quad, or IPv6 as RFC 5952 section 4 writes it (always in hexadecimal groups).
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(39)
        if isIPv4 {
            for place in 0..<4 {
                if place > 0 { text.append(.dot) }
                text.append(UInt16(low >> UInt64(24 - 8 * place) & 0xFF), base: 10)
            }
        } else {
            let zeros = longestZeroRun
            var place = 0
            while place < 8 {
                if zeros.contains(place) {
                    text += [.colon, .colon]
                    place = zeros.upperBound
                } else {
                    if place > 0, place != zeros.upperBound { text.append(.colon) }
                    text.append(group(place), base: 16)
                    place += 1
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// One of the eight groups of an IPv6 address.
    private func group(_ place: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: (place < 4 ? high : low) >> UInt64((3 - place % 4) * 16))
    }

    /// The first of the longest runs of two or more zero groups, which `::` stands for; behind the last group if there is none.
    private var longestZeroRun: Range<Int> {
        var best = 8..<8
        var start = 0
        for place in 0..<8 {
            if group(place) != 0 {
                start = place + 1
            } else if place + 1 - start > max(best.count, 1) {
                best = start..<place + 1
            }
        }
        return best
    }

    /// Reads a dotted quad or an IPv6 address (RFC 4291 section 2.2, all three forms; no zone); else `nil`.
    public init?(_ text: String) { self.init(text.utf8.span) }

    /// The same from UTF-8.
    init?(_ text: Span<UInt8>) {
        if text.place(of: .colon) != nil {
            self.init(ipv6: text)
        } else if let bits = Self.dottedQuad(text) {
            self.init(ipv4: bits)
        } else {
            return nil
        }
    }

    private static func dottedQuad(_ text: Span<UInt8>) -> UInt32? {
        var (bits, part): (UInt32, UInt32) = (0, 0)
        var (parts, digits) = (1, 0)
        for place in text.indices {
            if text[place] == .dot {
                guard digits > 0, parts < 4 else { return nil }
                bits = bits << 8 | part
                (part, parts, digits) = (0, parts + 1, 0)
            } else {
                // Leading zeros are refused: some programs read them as octal.
                guard let digit = text[place].digit(of: 10), digits == 0 || part > 0 else { return nil }
                part = part * 10 + digit
                digits += 1
                guard part < 256 else { return nil }
            }
        }
        return parts == 4 && digits > 0 ? bits << 8 | part : nil
    }

    private init?(ipv6 text: Span<UInt8>) {
        var bits: UInt128 = 0
        /// Groups of 16 bits in `bits`, and how many of them stand before `::`.
        var (count, gap): (Int, Int?) = (0, nil)
        var place = 0
        if text.startsWithColons(at: place) { (gap, place) = (0, 2) }
        while place < text.count {
            let rest = text.extracting(place...)
            let end = rest.place(of: .colon) ?? rest.count
            let group = rest.extracting(..<end)
            if let value = Self.hexadecimal(group) {
                bits = bits << 16 | UInt128(value)
                count += 1
            } else if end == rest.count, let value = Self.dottedQuad(group) {
                bits = bits << 32 | UInt128(value)
                count += 2
            } else {
                return nil
            }
            place += end
            if text.startsWithColons(at: place) {
                guard gap == nil else { return nil }
                gap = count
                place += 2
            } else if place < text.count {
                place += 1
                guard place < text.count else { return nil }
            }
        }
        if let gap {
            guard count < 8 else { return nil }
            let behind = 16 * (count - gap)
            bits = (bits >> behind) << (behind + 16 * (8 - count)) | bits & .ones(behind)
        } else if count != 8 {
            return nil
        }
        self.init(bits, isIPv4: false)
    }

    /// One to four digits.
    private static func hexadecimal(_ text: Span<UInt8>) -> UInt32? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt32 = 0
        for place in text.indices {
            guard let digit = text[place].digit(of: 16) else { return nil }
            value = value << 4 | digit
        }
        return value
    }
}

extension [UInt8] {
    /// Appends a number without leading zeros, to base 10 or 16.
    fileprivate mutating func append(_ number: UInt16, base: UInt16) {
        var unit: UInt16 = 1
        while number / unit >= base { unit *= base }
        while unit > 0 {
            let digit = UInt8(number / unit % base)
            append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
            unit /= base
        }
    }
}

extension Span<UInt8> {
    /// Where a character first stands.
    func place(of character: UInt8) -> Int? {
        for place in indices where self[place] == character { return place }
        return nil
    }

    fileprivate func startsWithColons(at place: Int) -> Bool {
        place + 1 < count && self[place] == .colon && self[place + 1] == .colon
    }
}

extension UInt8 {
    fileprivate static let colon = UInt8(ascii: ":")
    fileprivate static let dot = UInt8(ascii: ".")

    /// The value of an ASCII digit; `nil` if it is none to this base, which is 10 or 16.
    func digit(of base: Int) -> UInt32? {
        switch self {
        case 0x30...0x39: UInt32(self) - 0x30
        case 0x41...0x46 where base == 16: UInt32(self) - 0x41 + 10
        case 0x61...0x66 where base == 16: UInt32(self) - 0x61 + 10
        default: nil
        }
    }
}
