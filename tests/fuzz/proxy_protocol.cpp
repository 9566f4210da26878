// The PROXY header of a load balancer: any bytes are a header within bounds, the start of one, or refused,
// and what has been refused or read stays so whatever comes behind it.
#include "proto/proxy_protocol/header.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {

void proxy_protocol(const Input& input) {
  using namespace ringside::proxy_protocol;
  const auto bytes = input.payload();
  const auto whole = read_header(bytes);
  const auto* header = std::get_if<Header>(&whole);
  if (header != nullptr)
    require(header->length <= bytes.size() && header->length <= header_bytes_max,
            "a header that ends nowhere");
  require(!std::holds_alternative<NeedMore>(whole) || bytes.size() < header_bytes_max,
          "a header without end");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = read_header(bytes.substr(0, size));
    if (std::holds_alternative<NeedMore>(part)) continue;
    require(part.index() == whole.index(), "more bytes have changed what was decided");
    const auto* early = std::get_if<Header>(&part);
    if (early != nullptr)
      require(
          early->length == header->length && early->from == header->from && early->source == header->source,
          "more bytes have changed the header");
    break;
  }
}

}  // namespace ringside::fuzz
