/// A fixed number of plain values in memory of its own, which begins where a cache line does.
///
/// An array's first element stands in the middle of a line, so that a value of 64 bytes would touch two, and each
/// change of an element asks whether the array is shared. Indices are checked, as an array's are; or cut, where
/// `count` is a power of two.
@safe struct Slots<Element: BitwiseCopyable>: ~Copyable {
    /// Two lines: processors fetch them in pairs.
    private static var alignment: Int { 128 }

    let count: Int
    private let memory: UnsafeMutablePointer<Element>

    init(repeating element: Element, count: Int) {
        self.count = count
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: Self.alignment)
        unsafe memory = bytes.initializeMemory(as: Element.self, repeating: element, count: count)
    }

    deinit { unsafe memory.deallocate() }

    /// Unsafe inside only: the memory is this value's alone, initialized as a whole, and the index is checked.
    subscript(index: Int) -> Element {
        @inline(__always)
        _read {
            precondition(index >= 0 && index < count, "a slot of these")
            yield unsafe memory[index]
        }
        @inline(__always)
        _modify {
            precondition(index >= 0 && index < count, "a slot of these")
            yield unsafe &memory[index]
        }
    }
    /// The slot whose index are the lowest bits of this number, which is always one: `count` must be a power of two.
    ///
    /// For the tables that are asked a dozen times for each flow; there, a check of each index took a tenth of the time.
    subscript(masked number: Int) -> Element {
        @inline(__always) _read { yield unsafe memory[number & (count - 1)] }
        @inline(__always) _modify { yield unsafe &memory[number & (count - 1)] }
    }
}
