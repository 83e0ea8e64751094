namespace Dragonet.Abi;

/// <summary>setxattr(2) flags and limits (linux/xattr.h, linux/limits.h).</summary>
public static class Xattr
{
    public const int XATTR_CREATE = 1;
    public const int XATTR_REPLACE = 2;
    public const int XATTR_NAME_MAX = 255;
    public const int XATTR_SIZE_MAX = 65536;
    public const int XATTR_LIST_MAX = 65536;
}
