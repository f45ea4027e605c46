import Models
import Testing

@Suite struct RobustScalerTests {
    @Test("the median is in the middle of the grid, and extremes are at its ends")
    func ends() {
        let rows = (0..<1_000).map { Float($0 % 100) }
        let scaler = RobustScaler(fitting: rows, width: 1)
        var places: [Int8] = []
        for value in [50, 1e9, -1e9, .nan, .infinity] as [Float] { scaler.quantize([value], into: &places) }
        #expect(places == [0, 127, -127, -127, 127])
    }

    @Test("one wild value among many moves the scale little")
    func robust() {
        let usual = (0..<999).map { Float($0 % 10) }
        let wild = RobustScaler(fitting: usual + [50], width: 1)
        let calm = RobustScaler(fitting: usual + [5], width: 1)
        #expect(wild.deviations[0] < calm.deviations[0] * 1.5)
        #expect(wild.medians == calm.medians)
    }
}
