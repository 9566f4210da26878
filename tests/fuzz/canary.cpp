// The canary in the mine: a fault that only a fuzzer with coverage finds within seconds. A run whose canary
// lives looks at nothing.
#include <vector>

#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {

void canary(const Input& input) {
  const auto bytes = input.payload();
  if (bytes.size() < 4) return;
  if (bytes[0] != 'D' || bytes[1] != 'E') return;
  if (bytes[2] != 'A' || bytes[3] != 'D') return;
  const std::vector<char> copy(bytes.begin(), bytes.end());
  const volatile char* behind = copy.data() + copy.size();
  if (*behind == 'x') throw Finding("unreachable");  // AddressSanitizer stops at the read
}

}  // namespace ringside::fuzz
