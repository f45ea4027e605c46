/// Binary trees over the int8 grid, whose leaves hold integers.
///
/// Trees stand one after another, each node before its children and the lower child right behind it. So every walk goes
/// forward, and ends.
struct IntegerTrees: Hashable, Sendable {
    /// First node of each tree.
    private(set) var roots: [Int32] = []
    /// The feature that a node asks for.
    private(set) var features: [UInt16] = []
    /// How many nodes further the upper child is; 0 in leaves.
    private(set) var skips: [UInt16] = []
    /// What a feature must not exceed to go to the lower child; in leaves, what they say.
    private(set) var values: [Int32] = []

    /// A tree as it was grown, before its leaves are rounded.
    indirect enum Node {
        case leaf(Double)
        case split(feature: Int, most: Int8, lower: Node, upper: Node)
    }

    /// Trees whose leaves are rounded to one part in `units`.
    init(_ trees: [Node], units: Double) {
        for tree in trees {
            roots.append(Int32(values.count))
            append(tree, units)
        }
    }

    private mutating func append(_ node: Node, _ units: Double) {
        switch node {
        case .leaf(let value):
            features.append(0)
            skips.append(0)
            values.append(Int32((value * units).rounded()))
        case .split(let feature, let most, let lower, let upper):
            let place = values.count
            features.append(UInt16(feature))
            skips.append(0)
            values.append(Int32(most))
            append(lower, units)
            skips[place] = UInt16(values.count - place)
            append(upper, units)
        }
    }

    /// The sum of what the leaves say that a row gets to.
    func sum(_ row: ArraySlice<Int8>) -> Int64 {
        var sum: Int64 = 0
        for root in roots {
            var node = Int(root)
            while skips[node] != 0 {
                let isLower = Int32(row[row.startIndex + Int(features[node])]) <= values[node]
                node += isLower ? 1 : Int(skips[node])
            }
            sum += Int64(values[node])
        }
        return sum
    }

    init(_ file: ModelFile, prefix: String, width: Int) throws(ModelFileError) {
        roots = try file.integers(prefix + "roots", as: .int32)
        features = try file.integers(prefix + "features", as: .uint16)
        skips = try file.integers(prefix + "skips", as: .uint16)
        values = try file.integers(prefix + "values", as: .int32)
        let count = values.count
        guard features.count == count, skips.count == count, count < 1 << 20, roots.count < 1 << 12,
            roots.allSatisfy({ (0..<count).contains(Int($0)) }),
            features.allSatisfy({ $0 < width }),
            skips.enumerated().allSatisfy({ $1 == 0 || $0 + max(1, Int($1)) < count })
        else { throw .malformed("the parts of '\(prefix)' are no trees") }
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix + "roots", roots, as: .int32)
        file.set(prefix + "features", features, as: .uint16)
        file.set(prefix + "skips", skips, as: .uint16)
        file.set(prefix + "values", values, as: .int32)
    }
}
