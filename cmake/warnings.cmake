add_library(eai_flags INTERFACE)
target_compile_options(eai_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                                           -Wundef -Wextra-semi)
# g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(eai_flags INTERFACE -Wno-restrict)
endif()
# g++ 12 is wrong about Asio's coroutine frames, whose operators new and delete do belong together.
target_compile_options(eai_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
if(EAI_WERROR)
  target_compile_options(eai_flags INTERFACE -Werror)
endif()
if(EAI_SANITIZE)
  # Global, not per target: an unsanitized object in a sanitized program gives false reports.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
if(EAI_FUZZ)
  # Without the check of called functions' types: clang before 17 cannot put it into coroutines.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize=function)
endif()
