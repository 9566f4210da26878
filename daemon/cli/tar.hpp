// A tar archive of a few texts (POSIX ustar), which every system unpacks. Pure.
#pragma once

#include <span>
#include <string>

namespace ringside::cli {

struct TarFile {
  std::string name;  // at most 100 bytes, folders and all
  std::string text;
};
// Only its owner may read what is unpacked (0600).
[[nodiscard]] std::string tar(std::span<const TarFile>);

}  // namespace ringside::cli
