# Every outside library, found once and under one name. scripts/bootstrap installs them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS program_options)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)

# FarmHash comes without a CMake or pkg-config file. Only util::Fingerprint32 of it is used (daemon/ring/hash.cpp).
find_library(FARMHASH_LIBRARY farmhash REQUIRED)
find_path(FARMHASH_INCLUDE_DIR farmhash.h REQUIRED)
add_library(farmhash UNKNOWN IMPORTED)
set_target_properties(farmhash PROPERTIES IMPORTED_LOCATION ${FARMHASH_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${FARMHASH_INCLUDE_DIR})

# The text format of the metrics; the HTTP exposer of the same package is not used.
find_package(prometheus-cpp REQUIRED)

# llhttp: Debian 12 ships the generated C with node-llhttp; newer systems have libllhttp-dev.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/share/include PATH_SUFFIXES llhttp REQUIRED)
find_path(LLHTTP_SOURCE_DIR llhttp.c PATHS /usr/share/llhttp NO_DEFAULT_PATH)
if(LLHTTP_SOURCE_DIR)
  add_library(llhttp STATIC ${LLHTTP_SOURCE_DIR}/llhttp.c ${LLHTTP_SOURCE_DIR}/api.c ${LLHTTP_SOURCE_DIR}/http.c)
  target_compile_options(llhttp PRIVATE -O3)
else()
  find_library(LLHTTP_LIBRARY llhttp REQUIRED)
  add_library(llhttp UNKNOWN IMPORTED)
  set_target_properties(llhttp PROPERTIES IMPORTED_LOCATION ${LLHTTP_LIBRARY})
endif()
target_include_directories(llhttp INTERFACE ${LLHTTP_INCLUDE_DIR})
if(LLHTTP_SOURCE_DIR)
  target_include_directories(llhttp PRIVATE ${LLHTTP_INCLUDE_DIR})
endif()

if(RINGSIDE_TESTS)
  find_package(Catch2 REQUIRED)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)  # HTTP/2 of another hand, held against ours
endif()
