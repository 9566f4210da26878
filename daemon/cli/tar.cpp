// See tar.hpp; the format is that of POSIX.1-2017, pax, ustar interchange format.
#include "daemon/cli/tar.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <string_view>

namespace ringside::cli {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_bytes = 100;

// A field of octal digits and a zero byte.
void put_number(std::string& head, std::size_t at, std::size_t width, std::size_t value) {
  for (std::size_t i = width - 1; i-- > 0; value /= 8) head[at + i] = static_cast<char>('0' + value % 8);
}

void put_text(std::string& head, std::size_t at, std::string_view text) {
  std::ranges::copy(text, head.begin() + static_cast<std::ptrdiff_t>(at));
}

std::string head_of(const TarFile& file) {
  assert(file.name.size() <= name_bytes);
  std::string head(block, '\0');
  put_text(head, 0, file.name);
  put_number(head, 100, 8, 0600);
  put_number(head, 108, 8, 0);  // owner
  put_number(head, 116, 8, 0);  // group
  put_number(head, 124, 12, file.text.size());
  put_number(head, 136, 12, 0);  // time: the name of the archive has it
  put_text(head, 148, "        ");
  head[156] = '0';  // a plain file
  put_text(head, 257, std::string_view("ustar\00000", 8));
  const auto sum = std::accumulate(head.begin(), head.end(), std::size_t{0}, [](std::size_t all, char c) {
    return all + static_cast<unsigned char>(c);
  });
  put_number(head, 148, 7, sum);
  head[154] = '\0';
  return head;
}

}  // namespace

std::string tar(std::span<const TarFile> files) {
  std::string out;
  for (const TarFile& file : files) {
    out += head_of(file) + file.text;
    out.append((block - file.text.size() % block) % block, '\0');
  }
  out.append(2 * block, '\0');
  return out;
}

}  // namespace ringside::cli
