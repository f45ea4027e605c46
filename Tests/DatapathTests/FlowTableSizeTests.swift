import Datapath
import Testing

@Suite("Size of the flow table")
struct FlowTableSizeTests {
    @Test(
        "a slot for each line of the second-level cache, within bounds of memory",
        arguments: [
            (2, 1 << 20, 16384), (8, 2 << 20, 32768), (8, 1280 << 10, 16384), (64, 512 << 10, 8192),
            (128, 2 << 20, 8192), (1024, 2 << 20, 1024), (4, 0, 1024),
        ])
    func slots(cpus: Int, cache: Int, expected: Int) {
        #expect(FlowTableSize.slots(cpus: cpus, cache: cache) == expected)
    }
}
