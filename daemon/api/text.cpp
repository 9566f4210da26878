// Small texts that several pages share.
#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/api/reads.hpp"

namespace ringside::api {

Response json_answer(const Context& context, std::string body) {
  Response response;
  response.body = std::move(body);
  response.body += '\n';
  response.headers.emplace_back("Ringside-Index", std::to_string(context.view.index));
  return response;
}

Response problem(Code code, std::string detail, std::string_view key) {
  Problem p;
  p.code = code;
  p.detail = std::move(detail);
  p.key = key;
  return render(p);
}

Response no_room(Later what, std::string detail) {
  Response response = problem(Code::overloaded, std::move(detail));
  response.full = what;
  return response;
}

std::string hex32(std::uint32_t value) {
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  const auto count = static_cast<std::size_t>(end - digits.data());
  return "0x" + std::string(8 - count, '0') + std::string(digits.data(), count);
}

std::string_view phase_name(Phase phase) noexcept {
  switch (phase) {
    case Phase::joining: return "joining";
    case Phase::ready: return "ready";
    case Phase::draining: return "draining";
  }
  return "";
}

// Servers are sorted by address.
std::optional<MemberId> server_at(const ring::Snapshot& ring, std::string_view address) noexcept {
  const auto servers = ring.servers();
  const auto it = std::lower_bound(servers.begin(), servers.end(), address,
                                   [](const ring::Server& s, std::string_view a) { return s.address < a; });
  if (it == servers.end() || it->address != address) return std::nullopt;
  return MemberId{static_cast<std::uint32_t>(it - servers.begin())};
}

std::vector<ring::Range> ranges_at(const ring::Snapshot& ring, std::string_view address) {
  const auto id = server_at(ring, address);
  return id ? ring::ranges(ring, *id) : std::vector<ring::Range>{};
}

std::string_view app_id_of(const View& view) noexcept {
  return view.app_id.empty() ? view.app_settings.id : view.app_id;
}

const MemberView* find_member(const View& view, std::string_view name) noexcept {
  const MemberView* found = nullptr;
  for (const MemberView& member : view.members) {
    if (member.name != name && member.address != name) continue;
    if (found == nullptr || (!server_at(*view.ring, found->address) && server_at(*view.ring, member.address)))
      found = &member;
  }
  return found;
}

const MemberView* member_at(const View& view, std::string_view address) noexcept {
  const auto it = std::lower_bound(view.members.begin(), view.members.end(), address,
                                   [](const MemberView& m, std::string_view a) { return m.address < a; });
  return it != view.members.end() && it->address == address ? &*it : nullptr;
}

int damp_score(const View& view, std::string_view address) noexcept {
  const auto measured = view.measured.find(address);
  return measured == view.measured.end() ? 0 : measured->second.damp_score;
}

}  // namespace ringside::api
