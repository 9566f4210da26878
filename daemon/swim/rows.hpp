// The rows of the member list, in the order of addresses, so that every walk is the same on every machine.
// Nearly every look-up finds its row, and a walk goes past all of them several times a second, in a simulated
// cluster in a thousand lists of a thousand: so there is an index by address, and the order is an array,
// since a tree makes each step wait for the memory of the one before. A row never moves. Control thread only.
#pragma once

#include <algorithm>
#include <boost/iterator/indirect_iterator.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cassert>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/swim/member.hpp"

namespace ringside::swim {

class Rows {
 public:
  struct Row {
    const std::string address;
    Member member;
  };

  [[nodiscard]] Row* find(std::string_view address) const {
    const auto at = index_.find(address);
    return at == index_.end() ? nullptr : at->second;
  }
  // There is none with this address.
  Row& add(std::string address) {
    assert(find(address) == nullptr);
    const auto place = std::ranges::lower_bound(order_, address, {}, address_of);
    Row& row = **order_.insert(place, std::make_unique<Row>(Row{std::move(address), {}}));
    index_.emplace(row.address, &row);
    return row;
  }
  void remove(Row& row) {
    index_.erase(row.address);
    order_.erase(std::ranges::lower_bound(order_, row.address, {}, address_of));
  }

  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] auto begin() { return boost::make_indirect_iterator(order_.begin()); }
  [[nodiscard]] auto end() { return boost::make_indirect_iterator(order_.end()); }
  [[nodiscard]] auto begin() const { return boost::make_indirect_iterator<const Row>(order_.begin()); }
  [[nodiscard]] auto end() const { return boost::make_indirect_iterator<const Row>(order_.end()); }

 private:
  using RowPtr = std::unique_ptr<Row>;
  static const std::string& address_of(const RowPtr& row) { return row->address; }

  std::vector<RowPtr> order_;
  boost::unordered_flat_map<std::string_view, Row*> index_;
};

}  // namespace ringside::swim
