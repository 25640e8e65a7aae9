# The cases belong to the table's test and its benchmark, not to the library.
get_target_property(of_library mr_kern SOURCES)
list(FILTER of_library EXCLUDE REGEX "/kern/cases/")
set_property(TARGET mr_kern PROPERTY SOURCES ${of_library})
file(GLOB cases CONFIGURE_DEPENDS ${dir}/cases/*.cpp)
list(APPEND tests ${cases})
list(APPEND benches ${cases})

# An ISA folder is its compile flag. Its files keep everything local, see docs/style.md 10.
function(isa_folder folder)
  file(GLOB files CONFIGURE_DEPENDS ${dir}/${folder}/*.cpp)
  set_source_files_properties(${files} PROPERTIES
    COMPILE_OPTIONS "${ARGN};-fno-exceptions;$<$<CONFIG:Release>:-O3>")
endfunction()
set(avx2 -mavx2 -mfma -mf16c)
set(avx512 ${avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx512bf16)
isa_folder(avx2 ${avx2})
isa_folder(avx2_vnni ${avx2} -mavxvnni)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU) # what GCC 12 says of its own AVX-512 header
  set(false_ones -Wno-uninitialized -Wno-maybe-uninitialized)
endif()
isa_folder(avx512 ${avx512} ${false_ones})
isa_folder(amx ${avx512} ${false_ones}) # tiles are assembly
