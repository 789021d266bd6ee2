docker run x
