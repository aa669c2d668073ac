# Everything comes from the system's packages (setup/packages.sh installs them).
# Untried: for a long time, Apple's C++ library had std::stop_token behind a switch.
if(APPLE)
  include(CheckCXXSourceCompiles)
  check_cxx_source_compiles("#include <stop_token>\nint main() { return std::stop_source().stop_requested(); }"
                            EAI_HAS_STOP_TOKEN)
  if(NOT EAI_HAS_STOP_TOKEN)
    add_compile_options(-fexperimental-library)
    add_link_options(-fexperimental-library)
  endif()
endif()

find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3 REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(PNG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)

add_library(eai_deps_base INTERFACE)
target_link_libraries(eai_deps_base INTERFACE tl::expected spdlog::spdlog Boost::json tomlplusplus::tomlplusplus
  PkgConfig::SODIUM Threads::Threads)
# libsodium: blake2b-256 (OpenSSL 3.0 has only the 512-bit one).
add_library(eai_deps_ipld INTERFACE)
target_link_libraries(eai_deps_ipld INTERFACE OpenSSL::Crypto PkgConfig::SODIUM)
# zlib: combines the CRCs of two blocks, which ISA-L cannot do.
add_library(eai_deps_model INTERFACE)
target_link_libraries(eai_deps_model INTERFACE PkgConfig::ISAL ZLIB::ZLIB LibArchive::LibArchive)
add_library(eai_deps_http INTERFACE)
# libcurl: only its header, because the library is loaded when it is first needed (src/http/curl_library.h).
# zlib, zstd: bodies that clients send compressed.
target_link_libraries(eai_deps_http INTERFACE Boost::headers Boost::url OpenSSL::SSL ZLIB::ZLIB PkgConfig::ZSTD
  ${CMAKE_DL_LIBS})
target_include_directories(eai_deps_http SYSTEM INTERFACE ${CURL_INCLUDE_DIRS})
target_compile_definitions(eai_deps_http INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
                                                   BOOST_BEAST_SEPARATE_COMPILATION
                                                   EAI_VERSION="${PROJECT_VERSION}")
# The codecs of pictures. libturbojpeg and libwebp: only their headers, because they are loaded when the first picture
# needs them (src/api/picture_libraries.h).
add_library(eai_deps_api INTERFACE)
target_link_libraries(eai_deps_api INTERFACE PNG::PNG ${CMAKE_DL_LIBS})
target_include_directories(eai_deps_api SYSTEM INTERFACE ${TURBOJPEG_INCLUDE_DIRS} ${WEBP_INCLUDE_DIRS})
add_library(eai_deps_cli INTERFACE)
# libpng: previews in terminals that want pixels. libedit: the lines that are typed in a chat; macOS has it, too.
find_library(EDIT_LIBRARY edit REQUIRED)
find_path(EDIT_INCLUDE_DIR histedit.h REQUIRED)
target_link_libraries(eai_deps_cli INTERFACE CLI11::CLI11 PNG::PNG ${EDIT_LIBRARY})
target_include_directories(eai_deps_cli SYSTEM INTERFACE ${EDIT_INCLUDE_DIR})
