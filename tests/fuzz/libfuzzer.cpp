// libFuzzer's entry to one target; one program per target (RINGSIDE_FUZZ_TARGET).
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringside::fuzz::RINGSIDE_FUZZ_TARGET(ringside::fuzz::Input({reinterpret_cast<const char*>(data), size}));
  return 0;
}
