# The CUDA language, where the preset asks for it: nvcc on the PATH, in the usual place or in
# NVIDIA's wheels; ./mill names the one it found.
file(GLOB wheels ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/cu13/bin)
find_program(CMAKE_CUDA_COMPILER nvcc PATHS /usr/local/cuda/bin ${wheels} REQUIRED)

# The wheels keep their libraries in lib, but their nvcc looks in lib64.
cmake_path(GET CMAKE_CUDA_COMPILER PARENT_PATH toolkit)
cmake_path(GET toolkit PARENT_PATH toolkit)
if(NOT EXISTS ${toolkit}/lib64 AND EXISTS ${toolkit}/lib/libcudart_static.a)
  set(CMAKE_CUDA_FLAGS_INIT -L${toolkit}/lib)
endif()

set(CMAKE_CUDA_RUNTIME_LIBRARY Static) # libcuda itself is opened late: no GPU, no failure
enable_language(CUDA)
set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20) # CMake 3.25 does not know that nvcc has it
