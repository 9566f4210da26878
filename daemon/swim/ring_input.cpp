// See ring_input.hpp.
#include "daemon/swim/ring_input.hpp"

#include <map>
#include <string_view>
#include <tuple>

#include "daemon/swim/member.hpp"

namespace ringside::swim {

std::vector<ring::Server> ring_servers(std::span<const MemberRow> members) {
  std::map<std::string_view, const MemberRow*> holder;  // by name
  for (const MemberRow& row : members) {
    if (!row.holds_place && (!reachable(row.status) || row.unverified)) continue;
    const MemberRow*& best = holder[row.name];
    const bool wins = best == nullptr ||
                      std::tie(row.incarnation, row.address) > std::tie(best->incarnation, best->address);
    if (wins) best = &row;
  }
  std::vector<ring::Server> servers;
  servers.reserve(holder.size());
  for (const auto& [name, row] : holder) servers.push_back({row->name, row->address, row->weight});
  return servers;
}

}  // namespace ringside::swim
