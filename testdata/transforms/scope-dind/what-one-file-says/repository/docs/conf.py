# docker run is not used here
project = 'app'
