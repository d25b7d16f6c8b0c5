//! Databases of the Go program, of every version, become ours: by the real `migrate`, on a real server, and the
//! real site opens them.

mod backup;
mod former;
mod go_values;
mod going_back;
mod killed;
mod procedures;
mod scale;
mod shapes;
mod survivors;
mod trouble;
