// See precedence.hpp.
#include "daemon/swim/precedence.hpp"

#include <string>
#include <string_view>

#include "daemon/ring/hash.hpp"

namespace ringside::swim {
namespace {

bool wins(const Standing& known, const Standing& incoming) {
  if (incoming.incarnation != known.incarnation) return incoming.incarnation > known.incarnation;
  if (incoming.status != known.status)
    return incoming.status > known.status;  // the enum is in order of precedence
  // Signed on purpose: "no labels" is 0 and beats a negative checksum, in ringpop-go as here.
  return incoming.label_checksum > known.label_checksum;
}

void append_sized(std::string& text, std::string_view part) {
  const auto size = static_cast<std::uint32_t>(part.size());
  for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(static_cast<unsigned char>(size >> shift));
  text += part;
}

}  // namespace

Verdict judge(const Standing* known, const Standing& incoming, bool about_self) {
  if (known == nullptr) {
    // A tombstone never creates a member, or a full sync would bring the evicted back (spec C.5).
    return incoming.status == ringpop::Status::tombstone ? Verdict::ignore : Verdict::apply;
  }
  if (!wins(*known, incoming)) return Verdict::ignore;
  return about_self ? Verdict::refute : Verdict::apply;
}

std::int32_t label_checksum(const ringpop::Labels& labels) {
  std::uint32_t sum = 0;
  std::string text;
  for (const auto& [key, value] : labels) {
    text.clear();
    append_sized(text, key);
    append_sized(text, value);
    sum ^= ring::fingerprint32(text);
  }
  return static_cast<std::int32_t>(sum);
}

}  // namespace ringside::swim
